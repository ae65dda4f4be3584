import type { Fact, FactBody } from '#protocol/facts';
import { foldIncident } from '#protocol/fold-incident';
import { foldRun } from '#protocol/fold-run';
import type { TickRow } from '#protocol/gateway-api';
import { parseJobId, parseJobKey, parseRunId, type RunId } from '#protocol/ids';
import type { LiveRow, LiveRule } from '#protocol/messages';
import { toRunRow } from '#protocol/run-row';
import { isOver } from '#protocol/run-state';
import type { IncidentView, RunRow, RunView } from '#protocol/views';
import { type Plot, plotsFor } from './synthetic-plots.ts';
import type { PastFact } from './synthetic-stories.ts';

const mebibyte = 1024 * 1024;

/** Runs in every state there is, folded from facts by the contract's own functions. */
export interface SyntheticFleet {
  readonly facts: () => readonly Fact[];
  readonly views: () => readonly RunView[];
  readonly view: (runId: string) => RunView | undefined;
  readonly row: (runId: string) => RunRow | undefined;
  readonly rows: () => readonly RunRow[];
  readonly incidents: () => readonly IncidentView[];
  /** Journals a fact and folds it. */
  readonly say: (body: FactBody, atMs: number) => Fact;
  /** Moves every live number by one second. */
  readonly step: (atMs: number) => readonly TickRow[];
}

export const runIdAt = (index: number): RunId => parseRunId(`01KB${index.toString().padStart(22, '0')}`);

export const createSyntheticFleet = (runs: number, nowMs: number): SyntheticFleet => {
  const plots = plotsFor(runs);
  const facts: Fact[] = [];
  const views = new Map<string, RunView>();
  const incidents = new Map<string, IncidentView>();
  const live = new Map<string, LiveRow>();
  let beat = 0;

  const say = (body: FactBody, atMs: number): Fact => {
    const seq = facts.length + 1;
    const fact: Fact = { ...body, seq, id: `01KC${seq.toString().padStart(22, '0')}`, atMs };
    facts.push(fact);
    if ('runId' in fact && fact.runId !== null) {
      const view = foldRun(views.get(fact.runId) ?? null, fact);
      if (view !== null) views.set(fact.runId, view);
    }
    if ('incidentId' in fact && fact.incidentId !== null) {
      const incident = foldIncident(incidents.get(fact.incidentId) ?? null, fact);
      if (incident !== null) incidents.set(fact.incidentId, incident);
    }
    return fact;
  };

  plots.forEach((plot, index) => {
    for (const { body, agoS } of storyOf(plot, runIdAt(index))) say(body, nowMs - agoS * 1000);
    live.set(runIdAt(index), liveRowOf(plot, { index, beat, atMs: nowMs }));
  });

  const rowOf = (view: RunView): RunRow => toRunRow(view, live.get(view.runId) ?? null);
  return {
    facts: () => facts,
    views: () => [...views.values()],
    view: (runId) => views.get(runId),
    row: (runId) => {
      const view = views.get(runId);
      return view && rowOf(view);
    },
    rows: () => [...views.values()].map(rowOf),
    incidents: () => [...incidents.values()].reverse(),
    say,
    step: (atMs) => {
      beat += 1;
      plots.forEach((plot, index) => {
        live.set(runIdAt(index), liveRowOf(plot, { index, beat, atMs }));
      });
      return [...views.values()].filter((view) => !isOver(view.state)).map((view) => tickOf(rowOf(view)));
    },
  };
};

const tickOf = (row: RunRow): TickRow => [
  row.runId,
  row.cpuPct,
  row.rssBytes,
  row.processes,
  row.progressAgeS,
  null,
  row.costUsd,
];

const liveRowOf = (
  plot: Plot,
  { index, beat, atMs }: { readonly index: number; readonly beat: number; readonly atMs: number },
): LiveRow => {
  const wave = Math.sin((beat + index * 7) / (3 + (index % 5)));
  const rules: readonly LiveRule[] = (plot.rules ?? []).map((rule) => ({ ...rule, sinceMs: atMs - rule.heldMs }));
  return {
    runId: runIdAt(index),
    atMs,
    signals: {
      'cpu.pct': Math.max(0, plot.cpuPct + wave * plot.cpuPct * 0.2),
      'mem.rss': Math.round((plot.memoryMib + wave * plot.memoryMib * 0.04 + beat * (plot.leakMib ?? 0)) * mebibyte),
      'procs.count': plot.processes,
      'progress.age': plot.progressAgeS,
      'output.age': plot.cpuPct < 1 ? 90 : 1,
      'stall.level': plot.mood === 'stalled' ? 2 : 0,
      'agent.state': plot.mood === 'needs-input' ? 'needs_input' : 'none',
      ...(plot.costUsd === undefined ? {} : { 'cost.usd': plot.costUsd + beat * 0.01 }),
    },
    lastLine: plot.lastLine.replace('{n}', String(1200 + beat)),
    rules,
    findings: [],
  };
};

const storyOf = (plot: Plot, runId: RunId): readonly PastFact[] => {
  const jobId = parseJobId(runId);
  const face = { name: plot.name, argv: plot.argv, cwd: '/home/sam/work', labels: plot.labels ?? {} };
  if (plot.end === 'queued') {
    return [
      {
        agoS: 5,
        body: { kind: 'run-queued', runId, jobId, generation: 1, face, why: 'the fleet is at its maximum of 49 runs' },
      },
    ];
  }
  const requested: FactBody = {
    kind: 'run-requested',
    runId,
    jobId,
    jobKey: parseJobKey(runId.slice(4).padStart(32, '0')),
    generation: 1,
    face,
    profile: 'standard',
    limits: {
      maxCpuPct: 60,
      maxMemBytes: 2048 * mebibyte,
      timeoutMs: null,
      graceMs: 5000,
      pollIntervalMs: 500,
      logWindowLines: 10,
    },
    policyName: 'standard',
    rollout: null,
    noKill: false,
    restart: { mode: 'no', max: 0 },
    containment: 'cgroup2',
    by: 'cli',
  };
  const started: FactBody = { kind: 'run-started', runId, pid: 40_000 + plot.ageS, startTicks: 1, bootId: 'boot' };
  return [
    { agoS: plot.ageS, body: requested },
    ...(plot.end === 'starting' || plot.end === 'did-not-start' ? [] : [{ agoS: plot.ageS, body: started }]),
    ...(plot.after?.(runId) ?? []),
  ];
};
