// usage: npm run bench:policy -- [--runs 500] [--rules 25] [--ticks 200]
// What one tick costs on one core: every rule for every run, with the states and the assessments that come of it.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { lineage } from '../../dist/spec/policy/policy-mutants.js';
import { compilePolicy, hashOf } from '../../dist/workers/policy/compile-policy.js';
import { evaluateRules } from '../../dist/workers/policy/evaluate-rules.js';
import { simulateRun } from './simulated-runs.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    rules: { type: 'string', default: '25' },
    ticks: { type: 'string', default: '200' },
  },
});
const [runs, rules, ticks] = [Number(values.runs), Number(values.rules), Number(values.ticks)];
const pollMs = 500;
const mostMs = 25;

const files = lineage('agent-fleet');
const shipped = compilePolicy({ name: 'agent-fleet', hash: hashOf(files), files });
// Rules without warm-up, twice over where fewer ship than are asked for.
const own = shipped.rules.map((rule) => ({ ...rule, warmupMs: 0 }));
const chosen = Array.from({ length: rules }, (_, index) => {
  const rule = own[index % own.length];
  return index < own.length ? rule : { ...rule, id: `${rule.id}-${index}` };
});
const policy = { ...shipped, rules: chosen, ids: new Set(chosen.map(({ id }) => id)) };

const live = Array.from({ length: runs }, (_, index) => ({
  next: simulateRun(index, { ticks, pollMs }),
  states: new Map(),
  job: { name: `job-${index}`, labels: {}, kind: index % 4 === 1 ? 'agent' : 'script' },
}));
const nobody = new Set();
const took = [];
let firing = 0;
for (let tick = 0; tick < ticks; tick += 1) {
  const vectors = live.map((run) => run.next(tick));
  const monoMs = tick * pollMs;
  const before = performance.now();
  for (const [index, run] of live.entries()) {
    const seen = evaluateRules(policy, run.states, {
      vector: vectors[index],
      atMs: monoMs,
      monoMs,
      startedAtMs: 0,
      job: run.job,
      rollout: null,
      graceMs: 10_000,
      acknowledged: nobody,
    });
    run.states = seen.states;
    if (seen.assessments.length > 0) firing += 1;
  }
  took.push(performance.now() - before);
}
const sorted = took.slice(10).toSorted((a, b) => a - b);
const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(2);
console.log(`${runs} runs × ${chosen.length} rules, ${ticks} ticks, ${firing} run-ticks with something to say`);
console.log(`a tick: median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms (load ${loadavg()[0].toFixed(1)})`);
process.exitCode = Number(at(0.5)) > mostMs ? 1 : 0;
