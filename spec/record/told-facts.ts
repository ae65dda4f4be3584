import { createHash } from 'node:crypto';
import { ulid } from 'ulid';
import { type Fact, type FactBody, genesisHash, type SealedFact } from '#protocol/facts';
import { parseIncidentId, parseJobId, parseJobKey, parseRunId, type RunId } from '#protocol/ids';

/** Seals facts as the coordinator does: numbered from 1, each with the hash of the one before. */
export const createSealer = (startMs = 1_700_000_000_000): ((...bodies: readonly FactBody[]) => SealedFact[]) => {
  let seq = 0;
  let prevHash = genesisHash;
  return (...bodies) =>
    bodies.map((body) => {
      seq += 1;
      const fact: Fact = { seq, id: ulid(startMs + seq), atMs: startMs + seq, ...body };
      const text = JSON.stringify(fact);
      const hash = createHash('sha256').update(`${prevHash}\n${text}`).digest('hex');
      const sealed = { fact, text, prevHash, hash };
      prevHash = hash;
      return sealed;
    });
};

export const newRunId = (atMs?: number): RunId => parseRunId(ulid(atMs));
export const newIncidentId = () => parseIncidentId(ulid());

const limits = {
  maxCpuPct: 60,
  maxMemBytes: null,
  timeoutMs: null,
  graceMs: 5000,
  pollIntervalMs: 500,
  logWindowLines: 10,
};

export const requested = (runId: RunId, face: { name?: string; labels?: Record<string, string> } = {}): FactBody => ({
  kind: 'run-requested',
  runId,
  jobId: parseJobId(ulid()),
  jobKey: parseJobKey('0'.repeat(32)),
  generation: 1,
  face: { name: face.name ?? 'looper', argv: ['python3', 'looper.py'], cwd: '/tmp', labels: face.labels ?? {} },
  profile: 'standard',
  limits,
  policyName: 'standard',
  rollout: null,
  noKill: false,
  restart: { mode: 'no', max: 0 },
  containment: 'cgroup2',
  by: 'cli',
});

export const started = (runId: RunId, pid = 4242): FactBody => ({
  kind: 'run-started',
  runId,
  pid,
  startTicks: 1,
  bootId: 'b',
});

export const exited = (runId: RunId, code = 0): FactBody => ({
  kind: 'run-exited',
  runId,
  code,
  signal: null,
  endedAtMs: 1_700_000_100_000,
});

export const incidentOpened = (runId: RunId, incidentId = newIncidentId()): FactBody => ({
  kind: 'incident-opened',
  incidentId,
  runId,
  name: 'looper',
  rule: 'cpu-and-repeating',
  policyHash: 'f'.repeat(64),
  severity: 'critical',
  summary: 'one line repeats at full CPU',
  evidence: [],
  numbers: { 'cpu.pct': 99.8 },
});

export const decisionMade = (runId: RunId, incidentId = newIncidentId()): FactBody => ({
  kind: 'decision-made',
  incidentId,
  runId,
  rule: 'cpu-and-repeating',
  policyHash: 'f'.repeat(64),
  step: 1,
  wouldDo: 'stop',
  does: 'stop',
  enforced: true,
  mode: 'enforce',
  bucket: 12,
  reason: 'it still repeats',
  numbers: { 'cpu.pct': 99.8, 'output.cycles': 812 },
});
