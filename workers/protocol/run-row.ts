import type { LiveRow } from './messages.ts';
import { type Activity, isOver } from './run-state.ts';
import type { RunRow, RunView } from './views.ts';

/** Puts the fold and the live numbers of one run side by side. Numbers of a run that is over are left out. */
export const toRunRow = (view: RunView, live: LiveRow | null): RunRow => {
  const seen = live !== null && !isOver(view.state) ? live : null;
  return {
    runId: view.runId,
    jobId: view.jobId,
    generation: view.generation,
    name: view.name,
    state: view.state,
    activity: activityOf(view, seen),
    pid: view.pid,
    command: view.command,
    cwd: view.cwd,
    startedAtMs: view.startedAtMs,
    endedAtMs: view.endedAtMs,
    exitCode: view.exitCode,
    signal: view.signal,
    cpuPct: numberOf(seen, 'cpu.pct'),
    rssBytes: numberOf(seen, 'mem.rss'),
    processes: numberOf(seen, 'procs.count'),
    labels: view.labels,
    policy: view.policy,
    containment: view.containment,
    rules: seen?.rules ?? [],
    lastLine: live?.lastLine ?? null,
    progressAgeS: numberOf(seen, 'progress.age'),
    costUsd: numberOf(live, 'cost.usd'),
    stopCause: view.stopCause,
    stopReason: view.stopReason,
    trouble: view.trouble,
    liveAtMs: seen?.atMs ?? null,
    nextRunId: view.nextRunId,
    restartDueAtMs: view.restartDueAtMs,
  };
};

const numberOf = (live: LiveRow | null, name: keyof LiveRow['signals']): number | null => {
  const value = live?.signals[name];
  return typeof value === 'number' ? value : null;
};

const activityOf = (view: RunView, live: LiveRow | null): Activity => {
  if (live === null || view.state !== 'running') return 'idle';
  if (live.signals['agent.state'] === 'needs_input') return 'needs-input';
  if ((numberOf(live, 'stall.level') ?? 0) >= 2) return 'stalled';
  const quiet = (numberOf(live, 'cpu.pct') ?? 0) < 1 && (numberOf(live, 'output.age') ?? Number.POSITIVE_INFINITY) > 30;
  return quiet ? 'idle' : 'active';
};
