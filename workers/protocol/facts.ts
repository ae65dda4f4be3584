import type { Actor } from './actor.ts';
import type { IncidentId, InterventionId, RunId } from './ids.ts';
import type { RestartBudget } from './judgement.ts';
import type { JudgementFact } from './judgement-facts.ts';
import type { PolicyFact, SteeringFact } from './policy-facts.ts';
import type { RunFact } from './run-facts.ts';
import type { ContainmentLevel } from './run-spec.ts';

/** Why a run is being ended. Decides its exit code and whether a restart may follow. */
export type StopCause = 'policy' | 'limit' | 'budget' | 'user' | 'shutdown' | 'orphans';

/** A process that a kill or a pause did not reach; its command line is redacted. */
export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

/** One intervention on one run, step by step. `stop-verified` is the only fact that may be told as "killed". */
export type InterventionFact =
  | {
      readonly kind: 'stop-began';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly incidentId: IncidentId | null;
      readonly cause: StopCause;
      readonly by: Actor;
      readonly reason: string;
      readonly graceMs: number;
      readonly restartAfter: boolean;
      /** Of the policy that asked for a restart, where it says anything. */
      readonly restartBudget?: RestartBudget;
      readonly processes: number;
      /** The newest tick that was judged before it began (epoch ms); null or missing where nobody knows. */
      readonly judgedToMs?: number | null;
    }
  /** FlowForge or its action worker came back in the middle of a stop and takes it up again. */
  | { readonly kind: 'stop-resumed'; readonly runId: RunId; readonly interventionId: InterventionId }
  | {
      readonly kind: 'stop-signalled';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly signal: string;
      readonly processes: number;
    }
  | {
      readonly kind: 'stop-verified';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly cause: StopCause;
      readonly killed: number;
      readonly tookMs: number;
      readonly restartAfter: boolean;
    }
  | {
      readonly kind: 'kill-incomplete';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly cause: StopCause;
      readonly survivors: readonly Survivor[];
      readonly tookMs: number;
      readonly restartAfter: boolean;
    }
  /** Some of it could not be halted in time. The others stand, it is tried on; until nobody moves the run is not paused. */
  | {
      readonly kind: 'pause-incomplete';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly moving: readonly Survivor[];
    }
  /** The boundary of the run stopped working while it was alive; what finds its processes since. */
  | {
      readonly kind: 'containment-fell-back';
      readonly runId: RunId;
      readonly to: ContainmentLevel;
      readonly why: string;
    }
  | {
      readonly kind: 'stop-refused';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly why: string;
    };

export type WorkerName = 'sampling' | 'detection' | 'action' | 'gateway';

/** What happened to FlowForge itself. */
export type SystemFact =
  | {
      readonly kind: 'daemon-started';
      readonly pid: number;
      readonly version: string;
      readonly home: string;
      readonly bootId: string;
      readonly containment: ContainmentLevel;
      readonly after: 'asked' | 'crash' | 'first';
    }
  | { readonly kind: 'daemon-stopped'; readonly pid: number; readonly by: Actor; readonly runsLeft: number }
  /** The thread that begins, ends and adopts runs stood still: blocked, starved, or halted from outside. */
  | { readonly kind: 'daemon-stalled'; readonly pid: number; readonly stalledMs: number }
  | {
      readonly kind: 'worker-started';
      readonly worker: WorkerName;
      readonly generation: number;
      readonly tookMs: number;
    }
  | { readonly kind: 'worker-died'; readonly worker: WorkerName; readonly generation: number; readonly why: string }
  | {
      readonly kind: 'worker-given-up';
      readonly worker: WorkerName;
      readonly deaths: number;
      readonly windowMs: number;
    }
  | { readonly kind: 'ledger-trouble'; readonly why: string; readonly lostFrom: number | null }
  /** The oldest facts were let go of, a whole segment; `hash` of the last of them is where the chain begins now. */
  | {
      readonly kind: 'record-shortened';
      readonly upToSeq: number;
      readonly facts: number;
      readonly hash: string;
    }
  | {
      readonly kind: 'audit-recorded';
      readonly actor: Actor;
      readonly action: string;
      readonly target: string;
      readonly runId: RunId | null;
      readonly reason: string;
      readonly requestId: string;
      readonly outcome: 'accepted' | 'refused';
    };

/** Everything that can have happened. Past tense, plain JSON, and never translated on its way from journal to browser. */
export type FactBody = RunFact | InterventionFact | JudgementFact | SystemFact | PolicyFact | SteeringFact;
export type FactKind = FactBody['kind'];

/** `seq` counts from 1 without gaps in one home; `id` is a ULID; `atMs` is wall-clock. Numbered by the coordinator alone. */
export interface FactHead {
  readonly seq: number;
  readonly id: string;
  readonly atMs: number;
}
export type Fact = FactHead & FactBody;

/** A fact with its place in the chain: hash = SHA-256 of prevHash, a newline, and `text` (the exact JSON of the fact). */
export interface SealedFact {
  readonly fact: Fact;
  readonly text: string;
  readonly prevHash: string;
  readonly hash: string;
}

/** The hash before the first fact. */
export const genesisHash = '0'.repeat(64);

/** The run a fact is about, if it is about one. */
export const runOf = (fact: FactBody): RunId | null => ('runId' in fact ? fact.runId : null);
/** The incident a fact belongs to, if it does. */
export const incidentOf = (fact: FactBody): IncidentId | null => ('incidentId' in fact ? fact.incidentId : null);
