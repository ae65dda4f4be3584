import type { IncidentId, InterventionId, JobId, JobKey, RunId } from './ids.ts';
import type { Evidence, Rollout, RolloutMode, Severity, Verb } from './judgement.ts';
import type { PolicyFact, SteeringFact } from './policy-facts.ts';
import type { ContainmentLevel, Profile, RestartSetting, RunLimits } from './run-spec.ts';
import type { SignalVector } from './signals.ts';

/** Who did it: a person through a door, or FlowForge by itself. */
export type Actor = 'cli' | 'dashboard' | 'api' | 'policy' | 'daemon';
/** Why a run is being ended. Decides its exit code and whether a restart may follow. */
export type StopCause = 'policy' | 'limit' | 'budget' | 'user' | 'shutdown' | 'orphans';

/** What a job looks like to people: argv and labels are redacted, the environment is left out. */
export interface JobFace {
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

/** What the daemon found of a run that was alive when its predecessor died. */
export type AdoptionOutcome = 'adopted' | 'exited' | 'lost_reboot' | 'orphans_left' | 'never_started' | 'exit_unknown';

export type RunFact =
  | {
      readonly kind: 'run-requested';
      readonly runId: RunId;
      readonly jobId: JobId;
      readonly jobKey: JobKey;
      readonly generation: number;
      readonly face: JobFace;
      readonly profile: Profile;
      readonly limits: RunLimits;
      readonly policyName: string;
      readonly rollout: Rollout | null;
      readonly noKill: boolean;
      readonly restart: RestartSetting;
      readonly containment: ContainmentLevel;
      readonly by: Actor;
    }
  | {
      readonly kind: 'run-queued';
      readonly runId: RunId;
      readonly jobId: JobId;
      readonly face: JobFace;
      readonly why: string;
    }
  | { readonly kind: 'run-dequeued'; readonly runId: RunId; readonly why: string }
  | {
      readonly kind: 'run-started';
      readonly runId: RunId;
      readonly pid: number;
      readonly startTicks: number;
      readonly bootId: string;
    }
  | {
      readonly kind: 'run-start-failed';
      readonly runId: RunId;
      readonly exitCode: 125 | 126 | 127;
      readonly reason: string;
    }
  | { readonly kind: 'run-adopted'; readonly runId: RunId; readonly outcome: AdoptionOutcome; readonly detail: string }
  | {
      readonly kind: 'run-exited';
      readonly runId: RunId;
      readonly code: number;
      readonly signal: string | null;
      readonly endedAtMs: number;
    }
  | { readonly kind: 'run-lost'; readonly runId: RunId; readonly why: string }
  /** Nothing of its tree is alive, and nothing had to be done for that. */
  | { readonly kind: 'tree-empty'; readonly runId: RunId }
  | { readonly kind: 'orphans-spared'; readonly runId: RunId; readonly processes: number }
  /** The last fact of a run: its end, its tree and what follows are decided. */
  | { readonly kind: 'run-settled'; readonly runId: RunId; readonly next: 'none' | 'restart' | 'quarantine' }
  | {
      readonly kind: 'run-paused';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly processes: number;
      readonly by: Actor;
      readonly reason: string;
    }
  | {
      readonly kind: 'run-resumed';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly processes: number;
      readonly by: Actor;
      readonly reason: string;
    }
  | {
      readonly kind: 'output-gap';
      readonly runId: RunId;
      readonly stream: 'stdout' | 'stderr';
      readonly fromByte: number;
      readonly toByte: number;
      readonly why: string;
    }
  | {
      readonly kind: 'restart-scheduled';
      readonly runId: RunId;
      readonly jobId: JobId;
      readonly attempt: number;
      readonly delayMs: number;
      readonly dueAtMs: number;
      readonly cause: 'crash' | 'policy' | 'user';
      readonly reason: string;
    }
  | { readonly kind: 'run-restarted'; readonly runId: RunId; readonly jobId: JobId; readonly nextRunId: RunId }
  | {
      readonly kind: 'job-quarantined';
      readonly runId: RunId;
      readonly jobId: JobId;
      readonly restarts: number;
      readonly windowMs: number;
      readonly reason: string;
    };

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
      readonly processes: number;
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

/** What the rules thought and what was done about it. */
export type JudgementFact =
  | {
      readonly kind: 'rule-pending';
      readonly runId: RunId;
      readonly rule: string;
      readonly policyHash: string;
      readonly summary: string;
      readonly dwellMs: number;
    }
  | {
      readonly kind: 'rule-cleared';
      readonly runId: RunId;
      readonly rule: string;
      readonly afterMs: number;
      readonly why: string;
    }
  | {
      readonly kind: 'incident-opened';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly name: string;
      readonly rule: string;
      readonly policyHash: string;
      readonly severity: Severity;
      readonly summary: string;
      readonly evidence: readonly Evidence[];
      readonly numbers: SignalVector;
    }
  | {
      readonly kind: 'decision-made';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly rule: string;
      readonly policyHash: string;
      /** Which step of the rule's ladder, from 0. */
      readonly step: number;
      /** What the policy asks for. */
      readonly wouldDo: Verb;
      /** What is really done: the same, or `continue` where rollout or --no-kill holds it back. */
      readonly does: Verb;
      readonly enforced: boolean;
      readonly mode: RolloutMode;
      /** 0-9999; below percent x 100 is inside the canary. */
      readonly bucket: number;
      readonly reason: string;
      readonly numbers: SignalVector;
    }
  | {
      readonly kind: 'action-averted';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly rule: string;
      readonly step: number;
      readonly wouldDo: Verb;
      readonly why: string;
    }
  | {
      readonly kind: 'incident-closed';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly outcome: 'stopped' | 'restarted' | 'paused' | 'resolved' | 'run-ended' | 'kill-incomplete';
      readonly summary: string;
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
