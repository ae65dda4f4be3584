import type { Actor as Who } from '#protocol/actor';
import type { StopCause, Survivor } from '#protocol/facts';
import type { IncidentId, InterventionId, RunId } from '#protocol/ids';
import type { RestartBudget } from '#protocol/judgement';
import type { Assessment } from '#protocol/messages';
import type { ContainmentLevel } from '#protocol/run-spec';

/** What the brain hears. Ids and times are handed in, so that it decides the same way every time. */
export type ActionThought = { readonly atMs: number; readonly newId: string } & (
  | { readonly kind: 'assessed'; readonly assessment: Assessment }
  | {
      readonly kind: 'stop-requested';
      readonly runId: RunId;
      readonly incidentId: IncidentId | null;
      readonly cause: StopCause;
      readonly by: Who;
      readonly reason: string;
      readonly restartAfter: boolean;
      readonly restartBudget?: RestartBudget;
      readonly graceMs: number;
      readonly processes: number;
      /** The newest tick that was heard of before; null for none. */
      readonly judgedToMs: number | null;
    }
  | { readonly kind: 'owed-step-averted'; readonly runId: RunId; readonly rule: string; readonly why: string }
  | {
      readonly kind: 'restart-checked';
      readonly runId: RunId;
      readonly rule: string;
      readonly whyNot: string | null;
    }
  | { readonly kind: 'stop-overdue'; readonly runId: RunId }
  | { readonly kind: 'signalled'; readonly runId: RunId; readonly signal: string; readonly processes: number }
  | { readonly kind: 'fell-back'; readonly runId: RunId; readonly to: ContainmentLevel; readonly why: string }
  | {
      readonly kind: 'stop-ended';
      readonly runId: RunId;
      readonly killed: number;
      readonly tookMs: number;
      readonly survivors: readonly Survivor[];
    }
  | { readonly kind: 'tree-looked-at'; readonly runId: RunId; readonly processes: number; readonly spare: boolean }
  | {
      readonly kind: 'pause-requested';
      readonly byRule?: string | null;
      readonly runId: RunId;
      readonly resumeAtMs: number | null;
      readonly by: Who;
      readonly reason: string;
    }
  | {
      readonly kind: 'tree-paused';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly processes: number;
      /** Who could not be halted in time; redacted. */
      readonly moving: readonly Survivor[];
    }
  | {
      readonly kind: 'resume-requested';
      readonly runId: RunId;
      /** The tree stands still, whoever halted it. */
      readonly isFrozen: boolean;
      readonly by: Who;
      readonly reason: string;
    }
  | {
      readonly kind: 'nudged';
      readonly runId: RunId;
      readonly incidentId: IncidentId | null;
      readonly message: string;
      readonly via: 'file' | 'stdin';
      readonly by: Who;
    }
  | {
      readonly kind: 'throttled';
      readonly runId: RunId;
      readonly incidentId: IncidentId;
      readonly how: 'cpu.weight' | 'nice';
      readonly processes: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'tree-resumed';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly processes: number;
    }
);

/** Without what is handed in at the moment it is thought. */
export type Thought = DistributiveOmit<ActionThought, 'atMs' | 'newId' | 'judgedToMs'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
