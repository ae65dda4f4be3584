import type { FactBody } from '#protocol/facts';
import { parseJobId, parseJobKey, type RunId } from '#protocol/ids';
import type { WatchedRun } from '#protocol/messages';
import type { RunLimits } from '#protocol/run-spec';
import type { ShimmedRun } from '../coordinator/shimmed-run.ts';

const limits: RunLimits = {
  maxCpuPct: 60,
  maxMemBytes: null,
  timeoutMs: null,
  graceMs: 1000,
  pollIntervalMs: 500,
  logWindowLines: 10,
};
const job = { jobId: parseJobId('01HYYYYYYYYYYYYYYYYYYYYY01'), jobKey: parseJobKey('0'.repeat(32)) };

/** The first fact of a run. */
export const requested = (runId: RunId, over: { readonly noKill?: boolean } = {}): FactBody => ({
  kind: 'run-requested',
  runId,
  ...job,
  generation: 1,
  face: { name: 'looper', argv: ['looper'], cwd: '/', labels: {} },
  profile: 'standard',
  limits,
  policyName: 'standard',
  rollout: null,
  noKill: over.noKill ?? false,
  restart: { mode: 'no', max: 0 },
  containment: 'cgroup2',
  by: 'cli',
});

/** A real run as action is told of it. */
export const watched = (run: ShimmedRun, runId: RunId): WatchedRun => ({
  runId,
  ...job,
  name: 'looper',
  labels: {},
  cwd: '/',
  runDir: run.runDir,
  identity: run.pidFile.identity,
  containment: run.handle,
  startedAtMs: Date.now(),
  pausedMs: 0,
  limits,
  policy: { name: 'standard', hash: 'h', files: [{ path: 'p.yaml', text: '' }], patterns: [] },
  rollout: null,
  noKill: false,
  keepOrphans: false,
  model: null,
  restarts: 0,
  adopted: true,
});
