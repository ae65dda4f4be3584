import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ulid } from 'ulid';
import { openPolicyStore } from '#config/policy-store';
import { toAdoptedRecord } from '#coordinator/adopted-record';
import { introductionOf } from '#coordinator/introduce-run';
import { parseSpecFile } from '#coordinator/run-spec-file';
import type { RunRecord } from '#coordinator/run-table';
import type { Fact, FactBody } from '#protocol/facts';
import { parseInterventionId, parseRunId } from '#protocol/ids';
import { newIncidentId, requested, started } from '../record/told-facts.ts';

const policiesDir = fileURLToPath(new URL('../../../policies', import.meta.url));
const runId = parseRunId(ulid());
const specText = JSON.stringify({
  ...{ runId, jobId: ulid(), jobKey: 'a'.repeat(32), generation: 1, requestedAtMs: 1 },
  ...{ name: null, argv: ['true'], cwd: '/', env: {}, labels: {}, profile: 'standard', model: null, stdin: 'null' },
  ...{ policy: { kind: 'shipped', name: 'standard' }, rollout: null, noKill: false, keepOrphans: false, umask: 0o022 },
  ...{ queue: false, handle: { level: 'tag-scan', tag: 7 }, restartsAtMs: [], restart: { mode: 'no', max: 0 } },
  limits: { maxCpuPct: 60, maxMemBytes: null, timeoutMs: null, graceMs: 1, pollIntervalMs: 500, logWindowLines: 10 },
});
const identity = { bootId: 'b', pid: 4, startTicks: 5 };

type Told = FactBody & { readonly atMs?: number };
const acknowledged = (rule: string): Told => ({
  ...{ kind: 'incident-acknowledged', incidentId: newIncidentId(), runId, rule },
  ...{ verdict: null, by: 'cli', note: '' },
});
const cleared = (rule: string): Told => ({ kind: 'rule-cleared', runId, rule, afterMs: 1, why: '' });

describe('a run that a new daemon takes up', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'flowforge-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const adopt = (...past: readonly Told[]): RunRecord => {
    const spec = parseSpecFile(specText);
    if (spec.kind !== 'read') throw new Error('the spec is damaged');
    const pidFile = { identity, shim: identity, inCgroup: false };
    const found = { runDir: home, spec: spec.value, pidFile, outcome: 'adopted', detail: '' } as const;
    const facts = [requested(runId), started(runId), ...past].map(
      (told, index): Fact => ({ atMs: (index + 1) * 1_000, ...told, seq: index + 1, id: ulid() }),
    );
    const { record } = toAdoptedRecord(found, facts, {
      policiesDir,
      store: openPolicyStore(home),
      say: () => {
        throw new Error('nothing is missing in the record');
      },
    });
    return record;
  };

  it('keeps what a person has seen of it, until the rule cleared', () => {
    const record = adopt(acknowledged('loop'), acknowledged('flood'), cleared('loop'));
    expect([...record.acknowledged]).to.deep.equal(['flood']);
    expect(introductionOf(record, 9_000).slice(1)).to.deep.equal([
      { kind: 'acknowledged', runId, rule: 'flood', verdict: null },
    ]);
  });

  it('is not told to have run while it was paused', () => {
    const halt = { runId, interventionId: parseInterventionId(ulid()), processes: 1, by: 'cli', reason: '' } as const;
    const pause = { kind: 'run-paused', ...halt, resumeAtMs: null } as const;
    const record = adopt(
      { ...pause, atMs: 10_000 },
      { kind: 'run-resumed', ...halt, atMs: 10_810_000 },
      { ...pause, atMs: 10_820_000 },
    );
    const pausedMsAt = (nowMs: number): unknown => {
      const [watch] = introductionOf(record, nowMs);
      return watch?.kind === 'watch' ? watch.run.pausedMs : null;
    };
    expect(pausedMsAt(10_825_000)).to.equal(10_805_000);
    expect(pausedMsAt(10_815_000), 'a clock that was set back').to.equal(10_800_000);
  });

  it('is told to every worker as paused, and with what was added to its budgets', () => {
    const by = { by: 'cli', reason: '' } as const;
    const record = adopt(
      { kind: 'budget-extended', runId, budget: 'own', extraUsd: 4, times: 1, ...by },
      { kind: 'budget-extended', runId, budget: 'words', extraUsd: 0, extraTokens: 5e6, times: 1, ...by },
      { kind: 'run-paused', runId, interventionId: parseInterventionId(ulid()), processes: 1, resumeAtMs: null, ...by },
    );
    expect(introductionOf(record, 9_000).slice(1)).to.deep.equal([
      { kind: 'paused', runId, atMs: 9_000 },
      { kind: 'budget-extended', runId, budget: 'own', extra: { usd: 4, tokens: 0 } },
      { kind: 'budget-extended', runId, budget: 'words', extra: { usd: 0, tokens: 5e6 } },
    ]);
  });
});
