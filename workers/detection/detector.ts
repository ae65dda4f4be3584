import type { Finding } from '#protocol/judgement';
import type { SignalVector } from '#protocol/signals';

/**
 * One way of looking at one run: a fold of what was observed, nothing else. No clock, no I/O, bounded state; the same
 * observations give the same findings, live and offline.
 */
export interface Detector<Observed> {
  readonly id: string;
  observe(observed: Observed): void;
  /** What is held now; one entry per episode, and its `atLine` and `atMs` stay those at which its level was reached. */
  findings(nowMs: number): readonly Finding[];
  /** This detector's columns of the signal vector. */
  signals(nowMs: number): SignalVector;
  /** Rough size of what is kept, for the bound on a run (64 KB median, 256 KB at most, all detectors together). */
  stateBytes(): number;
}
