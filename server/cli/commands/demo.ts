import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectDaemon, type DaemonClient } from '#cli/daemon-client';
import { ensureDaemon, isUp } from '#cli/ensure-daemon';
import { dashboardOf } from '#cli/fetch-story';
import { print } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { type Paths, resolvePaths } from '#config/paths';
import { readConfig } from '#config/read-config';
import type { RunDetail } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import type { RunRequest } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';

const lookEveryMs = 150;
const detectWithinMs = 45_000;
const recoverWithinMs = 20_000;
const demoMaxCpuPct = '30';

/** `flowforge demo`: every number it prints was measured on the run it has just watched. */
export const demoCommand = async ({ maxCpu }: { readonly maxCpu?: string }): Promise<number> => {
  const paths = resolvePaths(process.env);
  const wasUp = await isUp(connectDaemon(paths.socketPath));
  const client = await ensureDaemon(paths);
  const dir = mkdtempSync(path.join(tmpdir(), 'flowforge-demo-'));
  try {
    const { runId, failed } = await client.startRun(demoRequest(paths, { dir, maxCpu: maxCpu ?? demoMaxCpuPct }));
    if (failed !== null)
      throw new CliProblem(`the demo could not be started: ${failed.reason}`, {
        hint: 'python3 and sh must be in PATH',
      });
    await narrate(client, runId).catch(async (error: unknown) => {
      await client.command(runId, 'stop', { reason: 'the demo ends', graceMs: 0 }).catch(() => undefined); // over already
      throw error;
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
    if (!wasUp) await client.stopDaemon({ stopJobs: false });
  }
  if (!wasUp) print('See it there: ./flowforge dashboard --open\n');
  return 0;
};

const demoRequest = ({ packageRoot }: Paths, { dir, maxCpu }: { dir: string; maxCpu: string }): RunRequest => {
  const { limits, profile } = readConfig({
    flags: { 'max-cpu': maxCpu, grace: '2s' },
    env: {},
    cwd: packageRoot,
    file: null,
  });
  const looper = path.join(packageRoot, 'fixtures', 'scripts', 'infinite_looper.py');
  return {
    name: 'demo',
    argv: ['sh', path.join(packageRoot, 'ops', 'demo-job.sh'), path.join(dir, 'looped-once'), looper],
    cwd: dir,
    env: { PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin' },
    labels: { demo: 'true' },
    profile,
    policy: { kind: 'shipped', name: 'standard' },
    limits,
    rollout: null,
    noKill: false,
    restart: { mode: 'on-failure', max: 1 },
    keepOrphans: false,
    queue: false,
    umask: process.umask(),
    stdin: 'null',
    model: null,
  };
};

const narrate = async (client: DaemonClient, runId: RunId): Promise<void> => {
  print('A job loops: full CPU, the same line over and over, no progress. FlowForge watches it.\n');
  let peakPct = 0;
  const keepPeak = ({ row }: RunDetail): void => {
    peakPct = Math.max(peakPct, row.cpuPct ?? 0);
  };
  const caught = await until(client, runId, {
    reached: ({ incidents }) => incidents.length > 0,
    look: keepPeak,
    withinMs: detectWithinMs,
    hint: 'flowforge demo --max-cpu 20',
  });
  const incident = caught.incidents.at(-1);
  if (incident === undefined || caught.run.startedAtMs === null)
    throw new CliProblem('the record of the demo is incomplete', { hint: 'flowforge daemon logs' });
  print(`Runaway detected in ${((incident.openedAtMs - caught.run.startedAtMs) / 1000).toFixed(1)} seconds\n`);
  const followed = await until(client, runId, {
    reached: ({ run }) => run.nextRunId !== null,
    look: keepPeak,
    withinMs: recoverWithinMs,
    hint: `flowforge why ${runId}`,
  });
  print(`CPU peaked at ${peakPct.toFixed(1)}%\n`);
  const next = followed.run.nextRunId;
  if (next === null) throw new CliProblem('the job was not started again', { hint: `flowforge why ${runId}` });
  const { run } = await until(client, next, {
    reached: (detail) => isOver(detail.run.state),
    look: () => undefined,
    withinMs: recoverWithinMs,
    hint: `flowforge why ${next}`,
  });
  if (run.state !== 'exited' || run.exitCode !== 0)
    throw new CliProblem(`the job did not recover: it is ${run.state}`, { hint: `flowforge why ${next}` });
  print('Process recovered\n');
  const dashboard = await dashboardOf(client);
  if (dashboard !== null) print(`Incident: ${dashboard}/incidents/${incident.incidentId}\n`);
  print(`Why: ./flowforge why ${runId}\n`);
};

interface Expectation {
  readonly reached: (detail: RunDetail) => boolean;
  readonly look: (detail: RunDetail) => void;
  readonly withinMs: number;
  readonly hint: string;
}

const until = async (
  client: DaemonClient,
  runId: RunId,
  { reached, look, withinMs, hint }: Expectation,
): Promise<RunDetail> => {
  const startedMs = performance.now();
  for (;;) {
    const detail = await client.run(runId);
    look(detail);
    if (reached(detail)) return detail;
    if (performance.now() - startedMs > withinMs)
      throw new CliProblem(`the demo waited ${withinMs / 1000} s in vain; its job is ${detail.run.state}`, { hint });
    await sleep(lookEveryMs);
  }
};
