import type { Actor } from './actor.ts';
import type { InterventionId, JobId, JobKey, RunId } from './ids.ts';
import type { Rollout } from './judgement.ts';
import type { ContainmentLevel, Profile, RestartSetting, RunLimits } from './run-spec.ts';

/** What a job looks like to people: argv and labels are redacted, the environment is left out. */
export interface JobFace {
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the daemon found of a run that was alive when its predecessor died, and what becomes of it. */
export const adoptionOutcomes = {
  adopted: 'its main process lives, or its shim is just starting it: it is guarded on',
  exited: 'it ended meanwhile: its exit code is told, and what it left behind is ended',
  lost_reboot: 'the machine was started anew since: it is lost, and nobody is signalled',
  orphans_left:
    'main process and shim are gone without an exit code, others of its tree live: lost, and they are ended',
  never_started: 'no process of it was ever started: it has failed, or it goes on waiting in the queue',
  exit_unknown: 'main process and shim are gone without an exit code, and nobody is left: it is lost',
} as const;
export type AdoptionOutcome = keyof typeof adoptionOutcomes;

/** The life of a run, from the wish for it to the last word about it. */
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
      readonly generation: number;
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
  /** Said before a process is halted, so that no crash leaves a frozen tree that nobody knows of. */
  | {
      readonly kind: 'pause-began';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly by: Actor;
      readonly reason: string;
      /** Whose ladder asked for it; a person did where there is none. */
      readonly byRule?: string | null;
      readonly resumeAtMs: number | null;
    }
  | {
      readonly kind: 'run-paused';
      /** When it goes on by itself; null waits for a person. */
      readonly resumeAtMs: number | null;
      /** Whose ladder asked for it; null where a person did. Earlier versions did not say. */
      readonly byRule?: string | null;
      readonly runId: RunId;
      readonly interventionId: InterventionId;
      readonly processes: number;
      readonly by: Actor;
      readonly reason: string;
    }
  | {
      readonly kind: 'resume-began';
      readonly runId: RunId;
      readonly interventionId: InterventionId;
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
  /** Between these bytes something is lost, passed over or not looked at. */
  | {
      readonly kind: 'output-gap';
      readonly runId: RunId;
      readonly stream: 'stdout' | 'stderr';
      readonly fromByte: number;
      readonly toByte: number;
      readonly why: string;
    }
  /** Its log is over its cap, and what was read of it cannot be given back to the disk. */
  | {
      readonly kind: 'log-uncapped';
      readonly runId: RunId;
      readonly stream: 'stdout' | 'stderr';
      readonly capBytes: number;
      /** What the stream takes of the disk. */
      readonly bytes: number;
      readonly why: string;
    }
  /** Its output lies in its archive, redacted, where it takes `archivedBytes`; the files it wrote are gone. */
  | {
      readonly kind: 'log-archived';
      readonly runId: RunId;
      readonly bytes: number;
      readonly lines: number;
      readonly archivedBytes: number;
    }
  /** Its output is gone for good. */
  | { readonly kind: 'log-dropped'; readonly runId: RunId; readonly bytes: number; readonly why: string }
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
  /** Somebody wanted no other run of the job, before there was one. */
  | {
      readonly kind: 'restart-cancelled';
      readonly runId: RunId;
      readonly jobId: JobId;
      readonly by: Actor;
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
