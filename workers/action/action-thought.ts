import type { Actor as Who } from '#protocol/actor';
import type { StopCause, Survivor } from '#protocol/facts';
import type { IncidentId, RunId } from '#protocol/ids';
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
      readonly graceMs: number;
      readonly processes: number;
    }
  | { readonly kind: 'owed-step-averted'; readonly runId: RunId; readonly rule: string; readonly why: string }
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
      readonly kind: 'tree-paused';
      readonly resumeAtMs: number | null;
      readonly runId: RunId;
      readonly processes: number;
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
      readonly processes: number;
      readonly by: Who;
      readonly reason: string;
    }
);

/** Without what is handed in at the moment it is thought. */
export type Thought = DistributiveOmit<ActionThought, 'atMs' | 'newId'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
