import type { RunId } from './ids.ts';
import type { Verb } from './judgement.ts';
import type { SignalName } from './signals.ts';

/** The first thing that would have changed the life of a job, or did. */
export interface Act {
  readonly atMs: number;
  readonly rule: string;
  readonly verb: Verb;
  readonly summary: string;
}

/** One recorded run under the candidate and under the policy it is compared with. */
export interface BacktestRun {
  readonly runId: RunId;
  readonly name: string;
  /** It ended by itself with code 0. */
  readonly endedWell: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly ticks: number;
  readonly active: Act | null;
  readonly candidate: Act | null;
  /** Signals that rules of the candidate read and that were never recorded of this run. */
  readonly missing: readonly SignalName[];
}

/** How far a backtest that goes on has come, in runs. */
export interface BacktestProgress {
  readonly done: number;
  readonly total: number;
}

export interface BacktestReport {
  readonly policy: string;
  readonly against: string;
  readonly sinceMs: number;
  readonly runs: number;
  readonly recorded: number;
  /** Those in which the two differ, what finished well first. */
  readonly differing: readonly BacktestRun[];
  /** Signals that rules of the candidate read, and of how many of the judged runs they were never recorded. */
  readonly missing: readonly { readonly signal: SignalName; readonly runs: number }[];
  readonly acts: {
    readonly active: number;
    readonly candidate: number;
    readonly gained: number;
    readonly lost: number;
  };
  readonly wellAndHit: { readonly active: number; readonly candidate: number; readonly gained: number };
  readonly medianToActMs: { readonly active: number | null; readonly candidate: number | null };
  readonly ticks: number;
  readonly tookMs: number;
}

/** A run judged again from its record. */
export interface ReplayReport {
  readonly runId: RunId;
  readonly name: string;
  readonly ticks: number;
  readonly decisions: number;
  readonly again: number;
  /** Where they part; none: every decision came out the same. */
  readonly differences: readonly string[];
  /** Policies that judged the run and are not kept any more: what they decided could not be made again. */
  readonly unknownPolicies: readonly string[];
}
