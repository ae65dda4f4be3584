import type { Finding } from '#protocol/judgement';
import type { HostFigures, RunObservation } from '#protocol/observations';
import type { SignalVector } from '#protocol/signals';

/** What the resource detectors look at: one run at one moment. */
export interface ResourceObserved {
  readonly observation: RunObservation;
  readonly host: HostFigures;
  readonly monoMs: number;
  /** The signal `agent.state`, where there is an agent. */
  readonly stateOfAgent: string | null;
  /** Without it, the age of the run counts from the first observation. */
  readonly startedAtMs?: number;
  /** A frozen tree neither ages nor stalls. */
  readonly isPaused?: boolean;
}

export interface ResourceMoment {
  readonly observation: RunObservation;
  readonly host: HostFigures;
  readonly monoMs: number;
  readonly stateOfAgent: string | null;
  readonly isPaused: boolean;
  /** Monotonic time since the observation before that counts as watched; 0 at the first, after a gap and while paused. */
  readonly watchedMs: number;
}

/** One kind of resource of one run. */
export interface ResourcePart {
  observe(moment: ResourceMoment): void;
  findings(): readonly Finding[];
  signals(): SignalVector;
  stateBytes(): number;
}

export const mib = 1024 * 1024;
export const gib = 1024 * mib;

export const inMib = (bytes: number): string =>
  bytes >= gib ? `${(bytes / gib).toFixed(1)} GiB` : `${Math.round(bytes / mib)} MiB`;
export const inWords = (seconds: number): string => {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
};
