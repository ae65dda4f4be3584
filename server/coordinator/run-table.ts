import type { ChildProcess } from 'node:child_process';
import type { Fact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { PolicyText, WatchedRun } from '#protocol/messages';
import type { ProcessIdentity, RunSpec } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';

/** One run as the coordinator holds it, until it is settled. */
export interface RunRecord {
  readonly spec: RunSpec;
  readonly runDir: string;
  /** In force now; a save, `policy apply` or a rollback exchange it. */
  policy: PolicyText;
  /** What it shares its policy by with other runs. */
  policyKey: string;
  /** Dollars added to budgets of its policy, by budget. */
  extraUsd: ReadonlyMap<string, number>;
  /** How often each was extended. */
  readonly extensions: Map<string, number>;
  /** Rules whose open incident a person has seen. */
  readonly acknowledged: Set<string>;
  view: RunView;
  identity: ProcessIdentity | null;
  shimIdentity: ProcessIdentity | null;
  shim: ChildProcess | null;
  adopted: boolean;
  /** Who asked that another run of the job follows. */
  restartAsked: 'policy' | 'user' | null;
}

export const toWatchedRun = (record: RunRecord, identity: ProcessIdentity): WatchedRun => ({
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
