import type { Actor } from './actor.ts';
import type { WorkerName } from './facts.ts';
import type { JobId, RunId } from './ids.ts';
import type { LogKeeping } from './log-keeping.ts';
import type { Acknowledge, ActivePolicy, ApplyPolicy, PolicyChange, RollbackPolicy } from './policies.ts';
import type { ContainmentLevel, RunRequest } from './run-spec.ts';
import type { Extra } from './spending.ts';

/** The outcome of asking for something: done, or refused with a reason a person can act on. */
export type Answer<T> =
  | { readonly kind: 'done'; readonly value: T }
  | {
      readonly kind: 'refused';
      readonly code: 'not-found' | 'conflict' | 'invalid' | 'unavailable';
      readonly detail: string;
      readonly hint: string;
    };

export interface StartedRun {
  readonly runId: RunId;
  readonly jobId: JobId;
  readonly runDir: string;
  /** Set when it could not be started: 125, 126 or 127, as in coreutils `timeout`. */
  readonly failed: { readonly exitCode: 125 | 126 | 127; readonly reason: string } | null;
  /** Why it waits for its turn; null when it does not. */
  readonly queued: string | null;
}

export interface RunCommand {
  readonly runId: RunId;
  readonly by: Actor;
  readonly reason: string;
  readonly requestId: string;
}

/** What the gateway may ask of the coordinator (comlink, each raced with a deadline and with thread death). */
export interface CoordinatorControl {
  startRun(request: RunRequest, by: Actor): Promise<Answer<StartedRun>>;
  stopRun(command: RunCommand & { readonly graceMs: number | null }): Promise<Answer<{ accepted: true }>>;
  restartRun(command: RunCommand): Promise<Answer<{ accepted: true }>>;
  pauseRun(command: RunCommand): Promise<Answer<{ accepted: true }>>;
  resumeRun(command: RunCommand): Promise<Answer<{ accepted: true }>>;
  /** Writes a message where the job can read it. */
  nudgeRun(command: RunCommand): Promise<Answer<{ accepted: true }>>;
  acknowledge(
    command: Acknowledge & { readonly runId: RunId; readonly rule: string },
  ): Promise<Answer<{ accepted: true }>>;
  extendBudget(
    command: RunCommand & { readonly budget: string; readonly more: Extra },
  ): Promise<Answer<ExtendedBudget>>;
  extendFleetBudget(
    command: Omit<RunCommand, 'runId'> & {
      readonly budget: string;
      readonly more: Extra;
      /** The end of its window. */
      readonly untilMs: number;
    },
  ): Promise<Answer<ExtendedBudget>>;
  applyPolicy(command: ApplyPolicy): Promise<Answer<PolicyChange>>;
  rollbackPolicy(command: RollbackPolicy): Promise<Answer<PolicyChange>>;
  activePolicies(): Promise<readonly ActivePolicy[]>;
  stopDaemon(command: { readonly by: Actor; readonly stopJobs: boolean }): Promise<Answer<{ runsLeft: number }>>;
  workers(): Promise<readonly WorkerStatus[]>;
  /** A fault switch: refused unless FLOWFORGE_FAULTS=1. */
  injectFault(fault: {
    readonly worker: WorkerName | 'coordinator';
    readonly kind: WorkerFault;
  }): Promise<Answer<{ accepted: true }>>;
}

export interface ExtendedBudget {
  readonly budget: string;
  /** All extensions together. */
  readonly extraUsd: number;
  readonly extraTokens: number;
  readonly times: number;
}

export type WorkerFault = 'throw' | 'exit' | 'block' | 'stuck' | 'leak' | 'heap';

export interface WorkerStatus {
  readonly worker: WorkerName;
  readonly generation: number;
  readonly state: 'starting' | 'up' | 'down' | 'given-up';
  readonly startedAtMs: number;
  readonly deaths: number;
  readonly lastDeath: string | null;
}

/** What every worker answers to (comlink). */
export interface WorkerControl {
  /** Resolves when the worker has let go of what it holds. */
  stop(): Promise<void>;
  injectFault(kind: WorkerFault): Promise<void>;
}

/** What the gateway tells the coordinator once it listens. */
export interface GatewayAddress {
  readonly host: string;
  readonly port: number;
  readonly socketPath: string;
}

export interface DaemonStatus {
  readonly running: boolean;
  readonly pid: number | null;
  readonly port: number | null;
  readonly home: string;
  readonly version: string;
  readonly containment?: ContainmentLevel;
  readonly workers?: readonly WorkerStatus[];
  /** Why facts wait for the database; null while they do not. */
  readonly trouble?: string | null;
}

/** What the gateway is born with, each time. */
export interface GatewaySetup {
  readonly version: string;
  readonly apiKey: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly socketPath: string;
  readonly clientDir: string;
  readonly allowedOrigins: readonly string[];
  readonly pid: number;
  readonly startedAtMs: number;
  readonly containment: ContainmentLevel;
  readonly logs: LogKeeping;
}
