import type { RunId } from './ids.ts';
import type { LadderStep, Rollout, RolloutMode, Severity } from './judgement.ts';
import type { PolicyText } from './messages.ts';
import type { SignalName } from './signals.ts';

/** What is wrong with a policy, where its author can put it right. Lines and columns count from 1. */
export interface PolicyProblem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly excerpt: string;
  readonly caret: string;
}

/** What a condition compares a signal with, for the line that charts draw. */
export interface RuleThreshold {
  readonly rule: string;
  readonly signal: SignalName;
  readonly value: number;
}

/** `GET /v1/runs/:id/thresholds`: of the rules that judge this run, or judged it last. */
export interface RunThresholds {
  readonly policy: string;
  /** null where it is not known what judged the run. */
  readonly policyHash: string | null;
  /** The run has shown no numbers yet: limits of its own are not among the thresholds. */
  readonly isEarly: boolean;
  readonly items: readonly RuleThreshold[];
}

/** One rule as it judges, with everything that it has from its parents. */
export interface RuleOutline {
  readonly id: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly when: string;
  readonly unless: string | null;
  readonly dwellMs: number;
  readonly keepMs: number;
  readonly cooldownMs: number;
  readonly ladder: readonly LadderStep[];
  readonly rollout: Rollout;
  readonly isLimit: boolean;
  /** Names what it looks for: the same in every text in which it looks for the same. */
  readonly condition: string;
  readonly reads: readonly SignalName[];
  /** Where it was written or changed last; null for limits and budgets. */
  readonly place: { readonly path: string; readonly line: number } | null;
}

export interface PolicyOutline {
  readonly name: string;
  readonly hash: string;
  readonly rollout: Rollout;
  readonly rules: readonly RuleOutline[];
  /** What is accepted and does less than it says. */
  readonly notes: readonly PolicyProblem[];
}

/** What became of a rule of one policy, whatever its text was at the time, folded from the facts of the last days. */
export interface RuleRecord {
  readonly policy: string;
  readonly rule: string;
  /** The first that is known of it in those days. */
  readonly sinceMs: number;
  readonly pending: number;
  readonly fired: number;
  /** Incidents in which it changed the life of the job. */
  readonly acted: number;
  /** Incidents in which it would have, were it enforced. */
  readonly wouldHaveActed: number;
  readonly averted: number;
  readonly right: number;
  readonly wrong: number;
  /** Incidents a day, oldest first, today last. */
  readonly firedByDay: readonly number[];
}

/** What speaks for a rule as it is now: what it caught under this very condition, and for how long it has had it in this mode. */
export interface RuleEvidence {
  readonly policy: string;
  readonly rule: string;
  readonly mode: RolloutMode;
  readonly sinceMs: number;
  /** Incidents, as far back as the record goes. */
  readonly fired: number;
  /** Those of a rule of this id that looked for something else. */
  readonly firedOtherwise: number;
  readonly acted: number;
  readonly wouldHaveActed: number;
  readonly right: number;
  readonly wrong: number;
}

export interface NamedRun {
  readonly runId: RunId;
  readonly name: string;
}

/** `GET /v1/policies`: one that ships, or one that live runs follow. */
export interface PolicyView {
  /** `shipped:NAME` or `file:PATH`. */
  readonly key: string;
  readonly name: string;
  readonly hash: string;
  /** The policy itself first, then its parents. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** null where it cannot be compiled; `problems` says why. */
  readonly outline: PolicyOutline | null;
  readonly problems: readonly PolicyProblem[];
  readonly runs: readonly NamedRun[];
  /** Why what lies in its files now is not in force; null when it is. */
  readonly trouble: string | null;
}

/** Thresholds that healthy runs would have kept, as a policy in shadow. */
export interface SuggestReply {
  readonly asked: number;
  readonly healthy: number;
  readonly suggestions: readonly {
    readonly signal: SignalName;
    readonly threshold: number;
    readonly runs: number;
    readonly highest: number;
    readonly highestRun: string;
    /** Runs that a threshold from all the others would have alarmed on. */
    readonly falseAlarms: number;
    /** With 95 % confidence the share of healthy runs that it alarms on is below this. */
    readonly atMost: number;
  }[];
  readonly yaml: string;
}

export interface PoliciesReply {
  readonly items: readonly PolicyView[];
  readonly records: readonly RuleRecord[];
  /** From when on the records count. */
  readonly recordsSinceMs: number;
}

/** Body of `POST /v1/policies/check`; `key` says whose parents are meant where it names any that do not ship. */
export interface CheckPolicyBody {
  readonly text: string;
  readonly key?: string;
}

/** Which live runs a policy would judge, and where its conditions hold at this moment. */
export interface PolicyMatches {
  readonly liveRuns: number;
  readonly matched: number;
  readonly holding: readonly (NamedRun & { readonly rule: string; readonly isHeldBack: boolean })[];
  /** The highest value now of each signal that the policy reads, and whose it is. */
  readonly readings: readonly { readonly signal: SignalName; readonly value: number | string; readonly name: string }[];
}

export type CheckPolicyReply =
  | {
      readonly kind: 'good';
      readonly outline: PolicyOutline;
      readonly matches: PolicyMatches;
      /** With all its parents, as a backtest takes it. */
      readonly policy: PolicyText;
    }
  | { readonly kind: 'refused'; readonly problems: readonly PolicyProblem[] };

/** Body of `POST /v1/policies/test`. */
export interface TestPolicyBody extends CheckPolicyBody {
  readonly tests: string;
}

export type TestPolicyReply =
  | {
      readonly kind: 'ran';
      readonly cases: readonly { readonly name: string; readonly line: number; readonly failures: readonly string[] }[];
      readonly tookMs: number;
    }
  /** `of` tells which of the two texts the problems are in. */
  | { readonly kind: 'refused'; readonly of: 'policy' | 'tests'; readonly problems: readonly PolicyProblem[] };

/** Body of `POST /v1/policies/save`: the new text of a file that live runs follow. */
export interface SavePolicyBody {
  readonly key: string;
  /** What was in force when the edit began; a file that moved on meanwhile is not written over. */
  readonly baseHash: string;
  readonly text: string;
  readonly reason: string;
  /** Goes on although more running jobs would be acted on than FlowForge takes without asking. */
  readonly accept: boolean;
}
