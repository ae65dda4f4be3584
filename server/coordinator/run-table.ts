import type { ChildProcess } from 'node:child_process';
import type { Fact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { RestartBudget } from '#protocol/judgement';
import type { PolicyText, WatchedRun } from '#protocol/messages';
import type { ProcessIdentity, RunSpec } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';
import type { Extra } from '#protocol/spending';
import type { RunView } from '#protocol/views';
import { type PausedTime, pausedMsAt } from './paused-time.ts';

/** One run as the coordinator holds it, until it is settled. */
export interface RunRecord {
  readonly spec: RunSpec;
  readonly runDir: string;
  /** In force now; a save, `policy apply` or a rollback exchange it. */
  policy: PolicyText;
  /** What it shares its policy by with other runs. */
  policyKey: string;
  /** What was added to budgets of its policy, by budget. */
  extra: ReadonlyMap<string, Extra>;
  /** How often each was extended. */
  readonly extensions: Map<string, number>;
  /** Rules whose open incident a person has seen. */
  readonly acknowledged: Set<string>;
  /** The rule that halted it, while it is halted; null where a person did. */
  pausedBy: string | null;
  view: RunView;
  paused: PausedTime;
  identity: ProcessIdentity | null;
  shimIdentity: ProcessIdentity | null;
  shim: ChildProcess | null;
  adopted: boolean;
  /** Who asked that another run of the job follows. */
  restartAsked: 'policy' | 'user' | null;
  /** What the policy that asked says of restarts. */
  restartBudget: RestartBudget | null;
}

export const toWatchedRun = (record: RunRecord, identity: ProcessIdentity, nowMs: number): WatchedRun => ({
  runId: record.spec.runId,
  jobId: record.spec.jobId,
  jobKey: record.spec.jobKey,
  name: record.view.name,
  labels: record.spec.labels,
  cwd: record.spec.cwd,
  runDir: record.runDir,
  identity,
  containment: record.spec.handle,
  startedAtMs: record.view.startedAtMs ?? record.spec.requestedAtMs,
  pausedMs: pausedMsAt(record.paused, nowMs),
  limits: record.spec.limits,
  policy: record.policy,
  rollout: record.spec.rollout,
  noKill: record.spec.noKill,
  keepOrphans: record.spec.keepOrphans,
  model: record.spec.model,
  restarts: record.spec.restartsAtMs.length,
  adopted: record.adopted,
});

/** Who asked, with a stop, that another run of the job follows. */
export const askerOf = (fact: Extract<Fact, { kind: 'stop-began' }>): 'policy' | 'user' | null => {
  if (!fact.restartAfter) return null;
  return fact.by === 'policy' ? 'policy' : 'user';
};

export const pauserAfter = (before: string | null, fact: Fact): string | null => {
  if (fact.kind === 'run-paused') return fact.byRule ?? null;
  return fact.kind === 'run-resumed' ? null : before;
};

export interface RunTable {
  add(record: RunRecord): void;
  get(runId: RunId): RunRecord | undefined;
  /** Records whose process may still be there. */
  live(): readonly RunRecord[];
  all(): readonly RunRecord[];
  drop(runId: RunId): void;
}

export const createRunTable = (): RunTable => {
  const records = new Map<RunId, RunRecord>();
  return {
    add: (record) => void records.set(record.spec.runId, record),
    get: (runId) => records.get(runId),
    live: () => [...records.values()].filter((record) => !isOver(record.view.state)),
    all: () => [...records.values()],
    drop: (runId) => void records.delete(runId),
  };
};
