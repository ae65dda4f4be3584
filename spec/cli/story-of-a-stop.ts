import type { RunStory } from '#cli/render/run-story';
import type { Fact, FactBody } from '#protocol/facts';
import { foldIncident } from '#protocol/fold-incident';
import { foldRun } from '#protocol/fold-run';
import { parseIncidentId, parseInterventionId, parseJobId, parseJobKey, parseRunId } from '#protocol/ids';
import { toRunRow } from '#protocol/run-row';
import { toTimelineEntry } from '#protocol/timeline';
import type { IncidentView, RunView } from '#protocol/views';

export const runId = parseRunId('01JZZZZZZZZZZZZZZZZZZZZZZ1');
export const jobId = parseJobId('01JZZZZZZZZZZZZZZZZZZZZZZ2');
const incidentId = parseIncidentId('01JZZZZZZZZZZZZZZZZZZZZZZ3');
export const interventionId = parseInterventionId('01JZZZZZZZZZZZZZZZZZZZZZZ4');
const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const policyHash = 'a'.repeat(64);

export const limits = {
  maxCpuPct: 60,
  maxMemBytes: null,
  timeoutMs: null,
  graceMs: 10_000,
  pollIntervalMs: 500,
  logWindowLines: 10,
};

export const requested: FactBody = {
  kind: 'run-requested',
  runId,
  jobId,
  jobKey: parseJobKey('b'.repeat(32)),
  generation: 1,
  face: { name: 'looper', argv: ['python3', 'a b.py'], cwd: '/tmp', labels: { team: 'x' } },
  profile: 'standard',
  limits,
  policyName: 'standard',
  rollout: null,
  noKill: false,
  restart: { mode: 'no', max: 0 },
  containment: 'cgroup2',
  by: 'cli',
};
const numbers = {
  'cpu.pct': 99.8,
  'limit.cpu_pct': 60,
  'output.period': 1,
  'output.cycles': 206,
  'output.repeat_span': 10.2,
  'progress.age': 12,
} as const;

/** A runaway from its start to the last fact. */
const stopped: readonly (readonly [atMs: number, body: FactBody])[] = [
  [0, requested],
  [20, { kind: 'run-started', runId, pid: 4711, startTicks: 1, bootId: 'boot' }],
  [
    10_000,
    {
      kind: 'incident-opened',
      incidentId,
      runId,
      name: 'looper',
      rule: 'cpu-and-repeating',
      policyHash,
      severity: 'critical',
      summary: 'CPU 99 % while the last 206 lines repeat',
      numbers,
      evidence: [
        {
          summary: 'the same line came 206 times in 10 s',
          samples: ['retrying \u001b[31mrequest'],
          unit: 'line',
          period: 1,
          count: 206,
          firstAtMs: 0,
          lastAtMs: 1,
          masked: [],
          progressLookedFor: [],
        },
      ],
    },
  ],
  [
    10_001,
    {
      kind: 'decision-made',
      incidentId,
      runId,
      rule: 'cpu-and-repeating',
      policyHash,
      step: 0,
      wouldDo: 'alert',
      does: 'alert',
      enforced: true,
      mode: 'enforce',
      bucket: 1,
      reason: 'first step',
      numbers,
    },
  ],
  [
    14_000,
    {
      kind: 'decision-made',
      incidentId,
      runId,
      rule: 'cpu-and-repeating',
      policyHash,
      step: 1,
      wouldDo: 'stop',
      does: 'stop',
      enforced: true,
      mode: 'enforce',
      bucket: 1,
      reason: 'still so after 4 s',
      numbers,
    },
  ],
  [
    14_001,
    {
      kind: 'stop-began',
      runId,
      interventionId,
      incidentId,
      cause: 'policy',
      by: 'policy',
      reason: 'cpu-and-repeating',
      graceMs: 10_000,
      restartAfter: false,
      processes: 1,
    },
  ],
  [14_020, { kind: 'run-exited', runId, code: 143, signal: 'SIGTERM', endedAtMs: startMs + 14_020 }],
  [
    14_030,
    { kind: 'stop-verified', runId, interventionId, cause: 'policy', killed: 1, tookMs: 29, restartAfter: false },
  ],
  [14_040, { kind: 'run-settled', runId, next: 'none' }],
];

export const storyOf = (bodies: readonly (readonly [number, FactBody])[]): RunStory => {
  const facts = bodies.map(
    ([afterMs, body], index): Fact => ({ ...body, seq: index + 1, id: String(index), atMs: startMs + afterMs }),
  );
  const run = facts.reduce<RunView | null>(foldRun, null);
  if (run === null) throw new TypeError('a story begins with a request');
  const incident = facts.reduce<IncidentView | null>(foldIncident, null);
  return {
    run,
    row: toRunRow(run, null),
    incidents: incident === null ? [] : [incident],
    timeline: facts.map(toTimelineEntry),
    dashboard: 'http://127.0.0.1:8080',
  };
};

export const storyOfAStop = (): RunStory => storyOf(stopped);
