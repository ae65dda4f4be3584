import type { FactBody } from '#protocol/facts';
import { parseIncidentId, parseInterventionId, type RunId } from '#protocol/ids';

/** Something that happened to a synthetic run, so many seconds before now. */
export interface PastFact {
  readonly body: FactBody;
  readonly agoS: number;
}

export const loopIncidentId = parseIncidentId('01KD0000000000000000000001');
const shadowIncidentId = parseIncidentId('01KD0000000000000000000002');
const stopId = parseInterventionId('01KE0000000000000000000001');
const policyHash = '9c1f3a5be2d04471a6c8';

export const exited = (code: number, agoS: number) => (runId: RunId) => [
  {
    agoS,
    body: { kind: 'run-exited', runId, code, signal: null, endedAtMs: Date.now() - agoS * 1000 } satisfies FactBody,
  },
];

const loopNumbers = { 'cpu.pct': 99.4, 'output.cycles': 812, 'output.period': 1, 'progress.age': 41.2 } as const;

/** Caught in a loop, stopped, verified. */
export const loopStory = (runId: RunId): readonly PastFact[] => [
  {
    agoS: 132,
    body: {
      kind: 'rule-pending',
      runId,
      rule: 'cpu-and-repeating',
      policyHash,
      summary: 'CPU 99 % and one line repeated',
      dwellMs: 8000,
    },
  },
  {
    agoS: 124,
    body: {
      kind: 'incident-opened',
      incidentId: loopIncidentId,
      runId,
      name: 'sync-orders',
      rule: 'cpu-and-repeating',
      policyHash,
      severity: 'critical',
      summary: 'CPU 99 % of a core, the same line 812 times in 8 s, no progress for 41 s',
      evidence: [
        {
          summary: 'One line came 812 times',
          samples: ['processing request 4242 failed, retrying endlessly'],
          unit: 'lines',
          period: 1,
          count: 812,
          firstAtMs: Date.now() - 136_000,
          lastAtMs: Date.now() - 124_000,
          masked: ['times', 'request ids'],
          progressLookedFor: ['a new kind of line', 'files written', 'a child that ended', 'a heartbeat'],
        },
      ],
      numbers: loopNumbers,
    },
  },
  {
    agoS: 120,
    body: {
      kind: 'decision-made',
      incidentId: loopIncidentId,
      runId,
      rule: 'cpu-and-repeating',
      policyHash,
      step: 1,
      wouldDo: 'stop',
      does: 'stop',
      enforced: true,
      mode: 'enforce',
      bucket: 1204,
      reason: 'still looping 4 s after the alert',
      numbers: loopNumbers,
    },
  },
  {
    agoS: 120,
    body: {
      kind: 'stop-began',
      runId,
      interventionId: stopId,
      incidentId: loopIncidentId,
      cause: 'policy',
      by: 'policy',
      reason: 'CPU pressure, repeated line, no progress',
      graceMs: 5000,
      restartAfter: false,
      processes: 3,
    },
  },
  { agoS: 120, body: { kind: 'stop-signalled', runId, interventionId: stopId, signal: 'SIGTERM', processes: 3 } },
  { agoS: 118, body: { kind: 'run-exited', runId, code: 143, signal: 'SIGTERM', endedAtMs: Date.now() - 118_000 } },
  {
    agoS: 118,
    body: {
      kind: 'stop-verified',
      runId,
      interventionId: stopId,
      cause: 'policy',
      killed: 3,
      tookMs: 1840,
      restartAfter: false,
    },
  },
  {
    agoS: 118,
    body: {
      kind: 'incident-closed',
      incidentId: loopIncidentId,
      runId,
      outcome: 'stopped',
      summary: 'stopped and verified empty',
    },
  },
];

/** Would have been paused; was not touched. */
export const shadowStory = (runId: RunId): readonly PastFact[] => [
  {
    agoS: 300,
    body: {
      kind: 'incident-opened',
      incidentId: shadowIncidentId,
      runId,
      name: 'web/migrate',
      rule: 'tool-loop',
      policyHash,
      severity: 'warn',
      summary: 'The same call came back with the same result 4 times',
      evidence: [],
      numbers: { 'tools.repeats': 4, 'progress.age': 96 },
    },
  },
  {
    agoS: 299,
    body: {
      kind: 'decision-made',
      incidentId: shadowIncidentId,
      runId,
      rule: 'tool-loop',
      policyHash,
      step: 0,
      wouldDo: 'pause',
      does: 'continue',
      enforced: false,
      mode: 'shadow',
      bucket: 7781,
      reason: 'four identical calls',
      numbers: { 'tools.repeats': 4 },
    },
  },
];
