import type { LadderStep, RestartBudget, Rollout, Severity } from '#protocol/judgement';
import type { SignalName } from '#protocol/signals';
import type { BudgetWindow } from './budget-window.ts';
import type { Condition } from './condition.ts';
import type { LogMatch } from './log-match.ts';
import type { BudgetEntry, PolicyFile } from './policy-schema.ts';
import type { Problem } from './problem.ts';
import type { SummaryTemplate } from './summary-template.ts';

/** What `match` may ask of a job. An agent is a job whose output is an agent's stream. */
export interface JobFacts {
  readonly name: string;
  readonly kind: 'script' | 'agent';
  readonly labels: Readonly<Record<string, string>>;
}

export interface CompiledStep extends LadderStep {
  readonly condition: Condition | null;
  readonly words: SummaryTemplate | null;
}

export interface CompiledRule {
  readonly id: string;
  readonly summary: SummaryTemplate;
  readonly appliesTo: (job: JobFacts) => boolean;
  readonly when: Condition;
  /** The lines it counts; null for all rules but those of `log_match`. */
  readonly logMatch: LogMatch | null;
  readonly unless: Condition | null;
  readonly dwellMs: number;
  readonly keepMs: number;
  readonly warmupMs: number;
  readonly cooldownMs: number;
  readonly severity: Severity;
  readonly ladder: readonly CompiledStep[];
  readonly rollout: Partial<Rollout> | null;
  readonly isLimit: boolean;
  /** null leaves it to the run. */
  readonly graceMs: number | null;
  /** All signals that it looks at; they are stored with each decision. */
  readonly reads: readonly SignalName[];
  /** Of its condition alone. Timers survive a change of the policy where this stays the same, however long they are now. */
  readonly fingerprint: string;
}

/** Caps of the policy; a run's own may be tighter. */
export interface PolicyLimits {
  readonly wallClockMs: number | null;
  readonly memBytes: number | null;
  readonly processes: number | null;
  readonly diskWrittenBytes: number | null;
}

/** One immutable snapshot: everything that judging a run needs, and nothing that changes. */
export interface CompiledPolicy {
  readonly name: string;
  readonly hash: string;
  readonly rollout: Rollout;
  readonly rules: readonly CompiledRule[];
  /** What only watches, and after how long in shadow it is to be decided; `rule` null is the whole policy. */
  readonly shadows: readonly { readonly rule: string | null; readonly remindAfterMs: number }[];
  readonly ids: ReadonlySet<string>;
  readonly limits: PolicyLimits;
  readonly budgets: readonly BudgetEntry[];
  /** The one window with times of day that budgets of the fleet may have; null where none has. */
  readonly night: BudgetWindow | null;
  readonly pricing: PolicyFile['pricing'];
  /** null: it says nothing of restarts. */
  readonly restart: RestartBudget | null;
  readonly notes: readonly Problem[];
}
