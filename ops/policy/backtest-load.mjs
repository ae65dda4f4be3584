// usage: npm run bench:backtest -- [--runs 200] [--hours 1] [--threads 2] [--poll 500]
// Records simulated runs with the real recorder while a policy judges them, then replays and backtests the record:
// bytes a tick, seconds for the backtest, and whether every decision comes out as it was made. Ends with 1 where one of the
// promises is broken.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ulid } from 'ulid';
import { readPolicyText } from '../../dist/server/config/policy-files.js';
import { openPolicyStore } from '../../dist/server/config/policy-store.js';
import { createReplays } from '../../dist/server/gateway/replays.js';
import { openRecordings } from '../../dist/server/record/recordings.js';
import { compilePolicy } from '../../dist/workers/policy/compile-policy.js';
import { decideLadder, nothingDone } from '../../dist/workers/policy/decide-ladder.js';
import { evaluateRules } from '../../dist/workers/policy/evaluate-rules.js';
import { simulateRun } from './simulated-runs.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    hours: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    poll: { type: 'string', default: '500' },
  },
});
const runs = Number(values.runs);
const pollMs = Number(values.poll);
const ticks = Math.round((Number(values.hours) * 3_600_000) / pollMs);
const mostS = 20;
const mostBytesATick = 40;
const startMs = Date.now() - Number(values.hours) * 3_600_000;

const jobKey = (index) => index.toString(16).padStart(32, '0');
const requested = (runId, index) => ({
  kind: 'run-requested',
  runId,
  atMs: startMs,
  jobKey: jobKey(index),
  face: { name: `job-${index}`, labels: {}, argv: [], cwd: '/' },
  limits: { graceMs: 10_000 },
  rollout: null,
  noKill: false,
});

// What the detectors would name: a line that comes around and counts up.
const decisiveOf = (signals) =>
  signals['output.period'] > 0
    ? [
        {
          detector: 'periodic-lines',
          kind: 'line',
          hash: 2_919_303_511,
          resultHash: null,
          count: signals['output.cycles'],
        },
        {
          detector: 'masked-block',
          kind: 'template',
          hash: 1_107_296_256,
          resultHash: null,
          count: signals['output.cycles'],
        },
      ]
    : [];

const home = mkdtempSync(path.join(tmpdir(), 'ff-backtest-'));
try {
  const policiesDir = path.resolve('policies');
  const text = readPolicyText({ kind: 'shipped', name: 'agent-fleet' }, policiesDir);
  openPolicyStore(home).keep(text);
  const policy = compilePolicy(text);
  const recordings = await openRecordings(home);
  const live = Array.from({ length: runs }, (_, index) => {
    const runId = ulid(startMs);
    return {
      runId,
      index,
      next: simulateRun(index, { ticks, pollMs }),
      states: new Map(),
      done: new Map(),
      facts: [requested(runId, index)],
      over: false,
    };
  });
  let evaluatedMs = 0;
  const beganMs = performance.now();
  for (let tick = 0; tick < ticks; tick += 1) {
    const atMs = startMs + tick * pollMs;
    const rows = [];
    for (const run of live) {
      if (run.over) continue;
      const signals = run.next(tick);
      const ageMs = Math.round(signals['run.age'] * 1000);
      const before = performance.now();
      const seen = evaluateRules(policy, run.states, {
        vector: signals,
        atMs,
        monoMs: ageMs,
        startedAtMs: atMs - ageMs,
        job: { name: `job-${run.index}`, labels: {}, kind: signals['agent.state'] === 'none' ? 'script' : 'agent' },
        rollout: null,
        graceMs: 10_000,
        acknowledged: new Set(),
      });
      evaluatedMs += performance.now() - before;
      run.states = seen.states;
      rows.push({
        runId: run.runId,
        policyHash: text.hash,
        isFirst: tick === 0,
        acknowledged: [],
        extraUsd: {},
        extraTokens: {},
        signals,
        decisive: decisiveOf(signals),
      });
      for (const one of seen.assessments) {
        if (one.state === 'inactive') run.done.delete(one.rule);
        if (one.state !== 'firing') continue;
        const decision = decideLadder(
          { jobKey: jobKey(run.index), noKill: false },
          one,
          run.done.get(one.rule) ?? nothingDone,
        );
        if (decision === null) continue;
        run.done.set(one.rule, { steps: decision.step + 1, climbed: decision.climbed });
        run.facts.push({
          kind: 'decision-made',
          runId: run.runId,
          atMs,
          rule: one.rule,
          policyHash: text.hash,
          ...decision,
          reason: one.summary,
          numbers: one.numbers,
        });
        if (decision.enforced && decision.does === 'stop') {
          run.over = true;
          run.facts.push({ kind: 'stop-began', runId: run.runId, atMs: atMs + 1, cause: 'policy' });
        }
      }
    }
    await recordings.append({ atMs, rows });
  }
  for (const run of live)
    run.facts.push({
      kind: 'run-exited',
      runId: run.runId,
      atMs: Date.now(),
      code: run.over ? 143 : 0,
      endedAtMs: Date.now(),
    });
  await recordings.close();
  const dir = path.join(home, 'recordings');
  const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0);
  const recorded = live.map(({ runId, facts }) => ({ runId, facts }));
  const replays = createReplays(home, Number(values.threads));
  const warm = performance.now();
  const again = await Promise.all(recorded.map((run) => replays.replay(run, null)));
  const replayS = (performance.now() - warm) / 1000;
  const rowsInAll = again.reduce((sum, one) => sum + one.ticks, 0);
  const before = process.cpuUsage();
  const report = await replays.backtest(recorded, { candidate: text, against: null, sinceMs: 0 });
  const { user, system } = process.cpuUsage(before);
  const strict = {
    ...text,
    name: 'strict',
    hash: text.hash.replace(/^./, (first) => (first === '0' ? '1' : '0')),
    files: [
      {
        path: 'strict.yaml',
        text: 'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: strict }\nextends: [agent-fleet]\nrules:\n  - { id: busy, when: cpu.pct > 85 && progress.age > 3*s, for: 2s, action: stop }\n',
      },
      ...text.files,
    ],
  };
  const other = await replays.backtest(recorded, { candidate: strict, against: null, sinceMs: 0 });
  await replays.close();
  console.log(
    `recorded ${runs} runs, ${rowsInAll} ticks, in ${((performance.now() - beganMs) / 1000).toFixed(0)} s in all`,
  );
  console.log(`${(bytes / rowsInAll).toFixed(1)} bytes a tick on disk`);
  console.log(
    `evaluation: ${((evaluatedMs / rowsInAll) * 1000).toFixed(1)} µs a run and tick, ${policy.rules.length} rules`,
  );
  console.log(
    `replay of all: ${replayS.toFixed(1)} s; runs whose decisions differ: ${again.filter((one) => one.differences.length > 0).length}; decisions: ${again.reduce((sum, one) => sum + one.decisions, 0)}`,
  );
  console.log(
    `backtest of the policy that ran: ${(report.tookMs / 1000).toFixed(1)} s on ${values.threads} threads (${((user + system) / 1e6).toFixed(1)} s of processor time), ${report.differing.length} runs differ`,
  );
  console.log(
    `backtest of a stricter one: ${(other.tookMs / 1000).toFixed(1)} s, ${other.acts.gained} new acts, ${other.wellAndHit.gained} on jobs that finished well, first listed: ${other.differing[0]?.endedWell}`,
  );
  const bytesATick = bytes / rowsInAll;
  const differing = again.filter((one) => one.differences.length > 0).length + report.differing.length;
  const slowestS = Math.max(replayS, report.tookMs / 1000, other.tookMs / 1000);
  const broken = [
    ...(slowestS > mostS ? [`${slowestS.toFixed(1)} s, promised are ${mostS}`] : []),
    ...(bytesATick > mostBytesATick ? [`${bytesATick.toFixed(1)} bytes a tick, promised are ${mostBytesATick}`] : []),
    ...(differing > 0 ? [`${differing} runs came out otherwise than live`] : []),
    ...(other.wellAndHit.gained > 0 && other.differing[0]?.endedWell !== true
      ? ['a job that finished well and would not have is not listed first']
      : []),
  ];
  for (const promise of broken) console.log(`BROKEN: ${promise}`);
  process.exitCode = broken.length > 0 ? 1 : 0;
} finally {
  rmSync(home, { recursive: true, force: true });
}
