import type { Finding } from '#protocol/judgement';
import type { RunObservation } from '#protocol/observations';
import type { SignalVector } from '#protocol/signals';
import type { Detector } from './detector.ts';

/** What one detector says at one moment. */
export interface Reading {
  readonly signals: SignalVector;
  readonly findings: readonly Finding[];
}

export const read = (detector: Pick<Detector<never>, 'signals' | 'findings'>, atMs: number): Reading => ({
  signals: detector.signals(atMs),
  findings: detector.findings(atMs),
});

export type OutputFigures = Pick<RunObservation['output'], 'lines' | 'bytes' | 'lagBytes' | 'lastOutputAtMs'>;

export const emptyOutput = (): OutputFigures => ({ lines: 0, bytes: 0, lagBytes: 0, lastOutputAtMs: null });

/** What sampling counts itself. */
export const outputReading = (output: OutputFigures, atMs: number): Reading => ({
  signals: {
    'output.lines': output.lines,
    'output.bytes': output.bytes,
    'output.lag': output.lagBytes,
    ...(output.lastOutputAtMs === null ? {} : { 'output.age': Math.max(0, atMs - output.lastOutputAtMs) / 1000 }),
  },
  findings: [],
});
