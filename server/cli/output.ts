import pc from 'picocolors';
import type { Screen } from './render/run-list.ts';

export const print = (text: string): void => {
  process.stdout.write(text);
};

/** Resolves when the reader has taken all that was printed, or went away. Ending before would cut it. */
export const untilTaken = async (): Promise<void> => {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
};

/** What is said about the output, beside it. */
export const printError = (text: string): void => {
  process.stderr.write(text);
};

export const printJson = (value: unknown): void => print(`${JSON.stringify(value, null, 2)}\n`);

/** Colour follows NO_COLOR, FORCE_COLOR and the terminal. */
export const screen = (): Screen => ({
  nowMs: Date.now(),
  width: process.stdout.isTTY ? process.stdout.columns : null,
  colors: pc.createColors(pc.isColorSupported && (process.stdout.isTTY || 'FORCE_COLOR' in process.env)),
});
