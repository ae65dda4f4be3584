import type { Actor } from './actor.ts';
import type { DecisiveEvent } from './decisive-events.ts';
import type { Fact, FactBody, SealedFact, StopCause } from './facts.ts';
import type { JobId, JobKey, RunId } from './ids.ts';
import type { Evidence, Finding, LadderStep, RestartBudget, Rollout, RuleStateName, Severity } from './judgement.ts';
import type { HostFigures } from './observations.ts';
import type { PolicyProposal } from './policies.ts';
import type { ContainmentHandle, ProcessIdentity, RunLimits } from './run-spec.ts';
import type { SignalVector } from './signals.ts';
import type { Extra, FleetExtension } from './spending.ts';

/** All a worker needs to know of a run in order to watch it. */
export interface WatchedRun {
  readonly runId: RunId;
  readonly jobId: JobId;
  readonly jobKey: JobKey;
  readonly name: string;
  /** For `match: { labels }` of a policy; none when left out. */
  readonly labels: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Absolute path of `runs/<run-id>`. */
  readonly runDir: string;
  readonly identity: ProcessIdentity;
  readonly containment: ContainmentHandle;
  readonly startedAtMs: number;
  /** Of the time since, how long it stood still. */
  readonly pausedMs: number;
  readonly limits: RunLimits;
  readonly policy: PolicyText;
  readonly rollout: Rollout | null;
  readonly noKill: boolean;
  readonly keepOrphans: boolean;
  readonly model: string | null;
  /** Restarts of this job in its window, for `run.restarts`. */
  readonly restarts: number;
  /** True when this daemon did not start it. */
  readonly adopted: boolean;
}

/** A policy as it crosses threads: its whole text with the texts of its parents; each thread compiles it once per hash. */
export interface PolicyText extends PolicyFiles {
  /** What its `log_match` rules look for: sampling counts such lines, and reads nothing else of a policy. */
  readonly patterns: readonly string[];
}

/** All that a policy is compiled from. */
export interface PolicyFiles {
  readonly name: string;
  /** SHA-256, hex, of all texts; every decision names it. */
  readonly hash: string;
  /** Nearest first; parents after their children. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** Coordinator to sampling, detection and action: which runs there are. */
export type RunChange =
  | { readonly kind: 'watch'; readonly run: WatchedRun }
  /** The main process ended: read the rest, then forget the run. */
  | { readonly kind: 'unwatch'; readonly runId: RunId }
  | { readonly kind: 'paused'; readonly runId: RunId; readonly atMs: number }
  | { readonly kind: 'resumed'; readonly runId: RunId; readonly atMs: number }
  /** One message for all runs that follow the policy: no tick is judged half by the old and half by the new. */
  | { readonly kind: 'policy-changed'; readonly runIds: readonly RunId[]; readonly policy: PolicyText }
  | {
      readonly kind: 'acknowledged';
      readonly runId: RunId;
      readonly rule: string;
      readonly verdict: 'right' | 'wrong' | null;
    }
  | { readonly kind: 'budget-extended'; readonly runId: RunId; readonly budget: string; readonly extra: Extra };

/** Coordinator to detection. */
export type DetectionMessage =
  | RunChange
  | PolicyProposal
  | { readonly kind: 'fleet-budget-extended'; readonly extension: FleetExtension };

/** Coordinator to sampling. `refill`: detection is new, read the recent past again. */
export type SamplingMessage = RunChange | { readonly kind: 'refill' };

/** Detection to action: where one rule stands on one run. Sent on each change and, while it fires, on each tick. */
export interface Assessment {
  readonly runId: RunId;
  readonly rule: string;
  readonly policyHash: string;
  readonly state: RuleStateName;
  readonly severity: Severity;
  readonly summary: string;
  /** Since when it is in this state. */
  readonly sinceMs: number;
  readonly atMs: number;
  /** How long the condition must hold before it fires. */
  readonly dwellMs: number;
  /** Names its condition: under another one everything is judged anew. */
  readonly condition: string;
  readonly ladder: readonly LadderStep[];
  /** Steps whose `onlyIf` does not hold now, by index. */
  readonly heldBack: readonly number[];
  readonly rollout: Rollout;
  /** Hard limits: never sampled by a rollout, grace 0 where `graceMs` is 0. */
  readonly isLimit: boolean;
  readonly graceMs: number;
  /** What its policy says of restarts, where it says anything. */
  readonly restart?: RestartBudget;
  readonly evidence: readonly Evidence[];
  readonly numbers: SignalVector;
  /** Why a firing or pending rule went back to inactive, in words. */
  readonly why: string;
}

/** To action: from detection (assessments), from the coordinator (the rest). */
export type ActionMessage =
  | { readonly kind: 'assessed'; readonly assessments: readonly Assessment[] }
  | { readonly kind: 'run-changed'; readonly change: RunChange }
  /** A fact that action did not say itself, to be believed. */
  | { readonly kind: 'fact-seen'; readonly fact: Fact }
  | {
      readonly kind: 'stop-requested';
      readonly runId: RunId;
      readonly cause: StopCause;
      readonly by: Actor;
      readonly reason: string;
      readonly restartAfter: boolean;
      readonly graceMs: number | null;
    }
  /** A restart was decided on: why the job could not be started again, null when it could. Until then nobody is stopped. */
  | {
      readonly kind: 'restart-checked';
      readonly runId: RunId;
      readonly rule: string;
      readonly whyNot: string | null;
    }
  /** The main process ended by itself: end what is left of its tree, or say that nothing is. */
  | { readonly kind: 'reap'; readonly runId: RunId }
  | { readonly kind: 'pause-requested'; readonly runId: RunId; readonly by: Actor; readonly reason: string }
  | { readonly kind: 'resume-requested'; readonly runId: RunId; readonly by: Actor; readonly reason: string }
  | { readonly kind: 'nudge-requested'; readonly runId: RunId; readonly by: Actor; readonly message: string };

/** Action (or the gateway, for audit) to the coordinator: something happened; journal it, number it, tell everybody. */
export interface FactReport {
  /** A fact is reported again after a crash under the same key and journalled once. */
  readonly key: string;
  readonly body: FactBody;
  /** Intents are synced to disk before they are confirmed. */
  readonly mustSync: boolean;
}

/** Coordinator to gateway: facts in order, each once or more (seq tells). */
export interface FactDelivery {
  readonly sealed: readonly SealedFact[];
}

/** Where the rules of one run stand now, for the fleet: the nearest first. */
export interface LiveRule {
  readonly rule: string;
  readonly state: RuleStateName;
  readonly severity: Severity;
  readonly sinceMs: number;
  readonly dwellMs: number;
  readonly summary: string;
}

/** Live numbers of one run; a newer one replaces an older one. */
export interface LiveRow {
  readonly runId: RunId;
  readonly atMs: number;
  readonly signals: SignalVector;
  readonly lastLine: string | null;
  readonly rules: readonly LiveRule[];
  readonly findings: readonly Finding[];
}

/** Detection to gateway, latest wins: the fleet at one moment. Rows of runs that were due; others keep their last. */
export interface LiveFrame {
  readonly atMs: number;
  readonly host: HostFigures;
  readonly rows: readonly LiveRow[];
}

/** Detection to gateway, must arrive: the signal vectors of one tick, for charts, replay and backtest. */
export interface RecordingBatch {
  readonly atMs: number;
  readonly rows: readonly RecordingRow[];
}

/** All that a decision about one run at one moment hung on, so that it can be made again. */
export interface RecordingRow {
  readonly runId: RunId;
  readonly policyHash: string;
  /** The timers of all rules began anew with this row: the run is new, or detection was replaced. */
  readonly isFirst: boolean;
  /** Rules whose open incident a person had seen. */
  readonly acknowledged: readonly string[];
  /** What was added to budgets, by budget. */
  readonly extraUsd: Readonly<Record<string, number>>;
  readonly extraTokens: Readonly<Record<string, number>>;
  readonly signals: SignalVector;
  /** What the findings of this tick are about. Nothing was decided by it that is not in the signals. */
  readonly decisive: readonly DecisiveEvent[];
}

/** What action is given when it is built again: the facts of all runs that are not over, oldest first. */
export type History = readonly Fact[];
