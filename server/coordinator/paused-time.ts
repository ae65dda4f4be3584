import type { Fact } from '#protocol/facts';

/** How long a run stood still, which is no time that it ran. */
export interface PausedTime {
  /** All pauses that are over. */
  readonly overMs: number;
  /** Epoch ms of a pause that lasts. */
  readonly sinceMs: number | null;
}

export const neverPaused: PausedTime = { overMs: 0, sinceMs: null };

export const foldPausedTime = (paused: PausedTime, fact: Fact): PausedTime => {
  switch (fact.kind) {
    case 'run-paused':
      return { ...paused, sinceMs: paused.sinceMs ?? fact.atMs };
    case 'run-resumed':
    case 'stop-began':
    case 'run-exited':
      return { overMs: pausedMsAt(paused, fact.atMs), sinceMs: null };
    default:
      return paused;
  }
};

/** The wall clock may have been set back meanwhile: a pause never takes time away. */
export const pausedMsAt = ({ overMs, sinceMs }: PausedTime, nowMs: number): number =>
  overMs + (sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs));
