// usage: node ops/policy/backtest-load.mjs [--runs 200] [--hours 1] [--threads 2] [--poll 500]
// Records simulated runs with the real recorder while a policy judges them, then replays and backtests the record:
// bytes a tick, seconds for the backtest, and whether every decision comes out as it was made.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ulid } from 'ulid';
import { readPolicyText } from '../../dist/server/config/policy-files.js';
import { openPolicyStore } from '../../dist/server/config/policy-store.js';
import { createReplays } from '../../dist/server/gateway/replays.js';
import { openRecordings } from '../../dist/server/record/recordings.js';
import { toRecordable } from '../../dist/workers/detection/recordable.js';
import { compilePolicy } from '../../dist/workers/policy/compile-policy.js';
import { decideLadder } from '../../dist/workers/policy/decide-ladder.js';
import { evaluateRules } from '../../dist/workers/policy/evaluate-rules.js';

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
const startMs = Date.now() - Number(values.hours) * 3_600_000;

let seed = 20_310_504;
const chance = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** Every twentieth run begins to spin and to repeat itself after half of its time; every fourth is an agent that spends. */
const simulate = (index) => {
  const spins = index % 20 === 0;
  const isAgent = index % 4 === 1;
  let rss = 80e6 + chance() * 400e6;
  let lines = 0;
  let bytes = 0;
  let cost = 0;
  let progressAt = 0;
  let cpu = 20 + chance() * 30;
  return (tick) => {
    const ageS = (tick * pollMs) / 1000;
    const isSpinning = spins && tick > ticks / 2;
    if (chance() < 0.3) rss += Math.round((chance() - 0.45) * 64) * 4096;
    const fresh = chance() < 0.4 ? Math.floor(chance() * 4) : 0;
    lines += isSpinning ? 5 : fresh;
    bytes += (isSpinning ? 5 : fresh) * 61;
    cpu = isSpinning ? 99 + chance() : Math.max(0, cpu + (chance() - 0.5) * 8);
    if (!isSpinning && chance() < 0.2) progressAt = ageS;
    if (isAgent && chance() < 0.02) cost += 0.002 + chance() * 0.01;
    return toRecordable({
      'cpu.pct': cpu,
      'cpu.pct_10s': cpu,
      'cpu.demand_pct': cpu,
      'mem.rss': rss,
      'mem.growth': 0,
      'mem.floor_growth': 0,
      'mem.share_of_used_pct': rss / 4e8,
      'mem.trend_level': 0,
      'procs.count': 3,
      'procs.zombies': 0,
      'procs.spawned_1m': 3,
      'procs.spawn_rate': 0,
      'procs.threads': 12,
      'procs.fds': 24,
      'disk.read_rate': 0,
      'disk.write_rate': chance() < 0.2 ? 4096 * Math.floor(chance() * 20) : 0,
      'disk.written': bytes * 2,
      'disk.written_10m': bytes,
      'host.cpu.pct': 30 + Math.sin(tick / 50) * 10,
      'host.load1': 2 + Math.sin(tick / 100),
      'host.mem.available': 4e9 + Math.round(Math.sin(tick / 60) * 1e4) * 4096,
      'host.mem.available_pct': 48 + Math.sin(tick / 60),
      'host.disk.free': 9e10 - bytes,
      'output.lines': lines,
      'output.bytes': bytes,
      'output.line_rate': isSpinning ? 10 : fresh,
      'output.byte_rate': isSpinning ? 610 : fresh * 61,
      'output.age': fresh > 0 ? 0.05 : 0.55,
      'output.period': isSpinning ? 1 : 0,
      'output.cycles': isSpinning ? tick - ticks / 2 : 0,
      'output.repeat_lines': isSpinning ? (tick - ticks / 2) * 5 : 0,
      'output.repeat_span': isSpinning ? ((tick - ticks / 2) * pollMs) / 1000 : 0,
      'output.repeat_level': isSpinning ? 3 : 0,
      'output.failing_level': 0,
      'output.flood_level': 0,
      'output.lag': 0,
      'progress.age': ageS - progressAt,
      'stall.age': 0,
      'stall.level': 0,
      'run.age': ageS,
      'run.restarts': 0,
      'limit.cpu_pct': 60,
      'limit.log_window': 10,
      ...(isAgent
        ? {
            'agent.state': 'working',
            'tools.calls': Math.floor(ageS / 7),
            'tools.repeats': 0,
            'tools.error_streak': 0,
            'tools.loop_level': 0,
            'tokens.total': Math.floor(cost * 90_000),
            'cost.usd': cost,
            'cost.usd_10m': Math.min(cost, 0.2),
          }
        : { 'agent.state': 'none' }),
    });
  };
};

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
      next: simulate(index),
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
        signals,
      });
      for (const one of seen.assessments) {
        if (one.state === 'inactive') run.done.delete(one.rule);
        if (one.state !== 'firing') continue;
        const decision = decideLadder({ jobKey: jobKey(run.index), noKill: false }, one, run.done.get(one.rule) ?? 0);
        if (decision === null) continue;
        run.done.set(one.rule, decision.step + 1);
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
} finally {
  rmSync(home, { recursive: true, force: true });
}
