import type { Actor } from './actor.ts';
import type { IncidentId, RunId } from './ids.ts';
import type { PolicyEffect } from './policies.ts';

/** What became of policies. The texts themselves lie under their hash in the home. */
export type PolicyFact =
  | {
      readonly kind: 'policy-applied';
      /** `file:PATH` or `shipped:NAME`. */
      readonly source: string;
      readonly name: string;
      readonly hash: string;
      readonly previousHash: string;
      readonly runs: readonly RunId[];
      readonly by: Actor;
      /** The owner of the file and when it was saved, or how it was asked for. */
      readonly who: string;
      readonly reason: string;
      /** Lines that went (`-`) and came (`+`), redacted, cut to what a person reads. */
      readonly diff: string;
      readonly tests: number;
      readonly testsMs: number;
      readonly tookMs: number;
    }
  | {
      readonly kind: 'policy-refused';
      readonly source: string;
      readonly problem: string;
      readonly line: number | null;
      readonly column: number | null;
      /** Stays in force. */
      readonly keptHash: string | null;
      readonly by: Actor;
    }
  /** It only watches, and was to be decided on by now. */
  | {
      readonly kind: 'shadow-overdue';
      readonly source: string;
      readonly name: string;
      readonly hash: string;
      /** null: the whole policy. */
      readonly rule: string | null;
      readonly sinceMs: number;
      readonly severity: 'info';
      readonly note: string;
    }
  /** Good, but it would act on more running jobs at once than is done without asking. */
  | {
      readonly kind: 'policy-held';
      readonly source: string;
      readonly hash: string;
      readonly keptHash: string;
      readonly effects: readonly PolicyEffect[];
      readonly most: number;
      readonly by: Actor;
    };

/** What people and ladders say to a run while an incident is open. */
export type SteeringFact =
  | {
      readonly kind: 'incident-acknowledged';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly rule: string;
      readonly verdict: 'right' | 'wrong' | null;
      readonly by: Actor;
      readonly note: string;
    }
  | {
      readonly kind: 'run-nudged';
      readonly runId: RunId;
      readonly incidentId: IncidentId | null;
      readonly message: string;
      /** `file` alone where the run's input is not a pipe that FlowForge holds. */
      readonly via: 'file' | 'stdin';
      readonly by: Actor;
    }
  | {
      readonly kind: 'run-throttled';
      readonly runId: RunId;
      readonly incidentId: IncidentId | null;
      readonly how: 'cpu.weight' | 'nice';
      readonly processes: number;
      readonly by: Actor;
      readonly reason: string;
    }
  | {
      readonly kind: 'fleet-budget-extended';
      readonly budget: string;
      /** What is added to the sum of the policy until the window ends, all extensions together. */
      readonly extraUsd: number;
      /** Not there where only dollars were added. */
      readonly extraTokens?: number;
      readonly times: number;
      readonly untilMs: number;
      readonly by: Actor;
      readonly reason: string;
    }
  | {
      readonly kind: 'budget-extended';
      readonly runId: RunId;
      readonly budget: string;
      /** What is added to the sum of the policy, all extensions together. */
      readonly extraUsd: number;
      /** Not there where only dollars were added. */
      readonly extraTokens?: number;
      readonly times: number;
      readonly by: Actor;
      readonly reason: string;
    };
