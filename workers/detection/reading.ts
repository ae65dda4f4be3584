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

/** What sampling counts itself. */
export const outputReading = ({ output, atMs }: RunObservation): Reading => ({
  signals: {
    'output.lines': output.lines,
    'output.bytes': output.bytes,
    'output.lag': output.lagBytes,
    ...(output.lastOutputAtMs === null ? {} : { 'output.age': Math.max(0, atMs - output.lastOutputAtMs) / 1000 }),
  },
  findings: [],
});
