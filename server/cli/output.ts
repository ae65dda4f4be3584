import pc from 'picocolors';
import type { Screen } from './render/run-list.ts';

export const print = (text: string): void => {
  process.stdout.write(text);
};

export const printJson = (value: unknown): void => print(`${JSON.stringify(value, null, 2)}\n`);

/** Colour follows NO_COLOR, FORCE_COLOR and the terminal. */
export const screen = (): Screen => ({
  nowMs: Date.now(),
  width: process.stdout.isTTY ? process.stdout.columns : null,
  colors: pc.createColors(pc.isColorSupported && (process.stdout.isTTY || 'FORCE_COLOR' in process.env)),
});
