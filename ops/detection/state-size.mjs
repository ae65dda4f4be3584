// usage: node --expose-gc ops/detection/state-size.mjs [--runs 60]
// What is kept per run by both taps and all detectors: heap and buffers of many runs alike, measured, not estimated.
// Ends with 1 where a promise is broken.
import { parseArgs } from 'node:util';
import { createAgentDetectors } from '../../dist/workers/detection/agent-detectors.js';
import { createLineDetectors } from '../../dist/workers/detection/line-detectors.js';
import { ProgressGuard } from '../../dist/workers/detection/progress-guard.js';
import { createRedactor } from '../../dist/workers/redaction/redact.js';
import { createAgentLines } from '../../dist/workers/sampling/agent-lines.js';
import { createAgentTap } from '../../dist/workers/sampling/agent-tap.js';
import { createLineTap } from '../../dist/workers/sampling/line-tap.js';
import { agentStream } from './made-up-agent.mjs';
import { pieces } from './made-up-output.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '60' } } });
const runs = Number(values.runs);
// A thousand runs at once are to fit a small machine: 64 MB; and none of them may take what four others need.
const promisedKb = { median: 64, most: 256 };
const warmUps = 20;
const redact = createRedactor();
const text = (line) => Buffer.from(Array.from({ length: 4000 }, (_, index) => `${line(index)}\n`).join(''));
const inputs = {
  'a few lines': Buffer.from('starting\nlistening\nready\n'),
  'a log, all lines different': Buffer.concat([...pieces('log', 8_000)]),
  'a failing loop with ids': text((n) => (n % 3 === 2 ? `error: job ${n} failed` : `job ${n} step ${n % 3}`)),
  'a different word in each line': text((n) => `${n.toString(36)}x failed ${(n * 7919).toString(36)}`),
  'random bytes': Buffer.concat([...pieces('random', 5_000)]),
  'one long line': Buffer.alloc(1_000_000, 'abc '),
  'an agent, 2000 calls': Buffer.from(agentStream({ calls: 2000, agents: 1 })),
  'an agent with 200 sub-agents': Buffer.from(agentStream({ calls: 2000, agents: 200 })),
};

const one = (bytes) => {
  const lines = createLineTap({ firstLine: 1, redact });
  const agent = createAgentTap({ redact, model: null });
  const strip = createAgentLines();
  const lineDetectors = createLineDetectors({ logWindowLines: 10 });
  const agentDetectors = createAgentDetectors();
  const guard = new ProgressGuard();
  for (let from = 0, atMs = 1; from < bytes.length; from += 16_384, atMs += 500) {
    const chunk = bytes.subarray(from, from + 16_384);
    agent.feed('stdout', chunk, atMs);
    lines.feed('stdout', agent.agentKind === null ? chunk : strip.strip(chunk), atMs);
    const batch = lines.take();
    const events = agent.take();
    if (batch !== null) lineDetectors.observe(batch);
    agentDetectors.observe(events);
    guard.observe({ atMs, lines: batch === null ? [] : [batch], events, progress: [] }, atMs);
  }
  return { lines, agent, lineDetectors, agentDetectors, guard };
};
// Buffers are freed by another thread, some time after the collection that found them dead.
const used = async () => {
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

// A function of its own, so that nothing of one measurement is alive in the next.
const keptKb = async (bytes) => {
  // Compiled code is of all runs, not of one: as many as it takes until all of it is compiled.
  for (let round = 0; round < warmUps; round++) one(bytes);
  const before = await used();
  const kept = Array.from({ length: runs }, () => one(bytes));
  return ((await used()) - before) / kept.length / 1024;
};

console.log('| a run that prints | KB kept |\n|---|---|');
const sizes = [];
for (const [name, bytes] of Object.entries(inputs)) {
  const kb = await keptKb(bytes);
  sizes.push(kb);
  console.log(`| ${name} | ${kb.toFixed(0)} |`);
}
sizes.sort((a, b) => a - b);
const medianKb = (sizes[Math.floor((sizes.length - 1) / 2)] + sizes[Math.floor(sizes.length / 2)]) / 2;
const mostKb = sizes.at(-1);
console.log(`median ${medianKb.toFixed(0)} KB, most ${mostKb.toFixed(0)} KB`);
const broken = [
  ...(medianKb > promisedKb.median
    ? [`${medianKb.toFixed(0)} KB in the median, promised are ${promisedKb.median}`]
    : []),
  ...(mostKb > promisedKb.most ? [`${mostKb.toFixed(0)} KB at most, promised are ${promisedKb.most}`] : []),
];
for (const promise of broken) console.log(`BROKEN: ${promise}`);
process.exitCode = broken.length > 0 ? 1 : 0;
