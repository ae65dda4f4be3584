// usage: node ops/detection/throughput.mjs [--lines 2000000] [--kind KIND]
// Cost of a scan on one core: timestamped 100-byte lines that all differ, then hostile streams, with all detectors on.
import { parseArgs } from 'node:util';
import { createScan } from '../../dist/workers/offline/scan.js';
import { createRedactor } from '../../dist/workers/redaction/redact.js';
import { agentStream, hostileAgent } from './made-up-agent.mjs';
import { pieces } from './made-up-output.mjs';

const { values } = parseArgs({ options: { lines: { type: 'string', default: '2000000' }, kind: { type: 'string' } } });
const lines = Number(values.lines);
const kinds = [
  { name: `${lines} timestamped lines of 100 bytes, all different`, kind: 'log', count: lines },
  { name: 'one line again and again', kind: 'equal', count: lines / 2 },
  { name: 'random bytes', kind: 'random', count: lines / 2 },
  { name: 'one line of 1 GB', kind: 'long', count: 10_000_000 },
  { name: 'deep JSON', kind: 'json', count: lines / 2 },
  { name: 'an agent: events', kind: 'agent', count: lines / 20 },
  { name: 'an agent, every fourth record broken', kind: 'broken', count: lines / 20 },
  { name: 'an agent whose JSON is none', kind: 'unparsable', count: lines / 4 },
  { name: 'an agent, every record cut', kind: 'truncated', count: lines / 4 },
  { name: "another program's JSON after an agent's", kind: 'foreign', count: lines / 4 },
  { name: 'an agent, records of 300 KB', kind: 'huge', count: lines / 4 },
  { name: 'an agent, nested by the thousand', kind: 'nested', count: lines / 4 },
  { name: 'an agent, a record in twenty lines', kind: 'noisy', count: lines / 4 },
];
const hostileAgents = new Set(['unparsable', 'truncated', 'foreign', 'huge', 'nested', 'noisy']);
const piecesOf = function* (kind, count) {
  if (hostileAgents.has(kind)) return yield* hostileAgent(kind, count * 100);
  if (kind !== 'agent' && kind !== 'broken') return yield* pieces(kind, count);
  for (let from = 0; from < count; from += 2000)
    yield Buffer.from(agentStream({ calls: 2000, agents: 1, from, broken: kind === 'broken' }));
};

const cpuMicros = (work) => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

console.log('| input | MB | CPU s | MB/s | thousand lines or events/s | heap after, MB |\n|---|---|---|---|---|---|');
for (const { name, kind, count } of kinds.filter((one) => values.kind === undefined || values.kind === one.kind)) {
  const scan = createScan({ format: 'auto', linesPerSecond: 20, redact: createRedactor(), logWindowLines: 10 });
  let micros = 0;
  let bytes = 0;
  // CPU time of the scan alone: not of making its input, and not of what else the machine does.
  for (const piece of piecesOf(kind, count)) {
    bytes += piece.length;
    micros += cpuMicros(() => scan.feed(piece));
  }
  let result;
  micros += cpuMicros(() => {
    result = scan.finish();
  });
  const seconds = micros / 1e6;
  const heapMb = process.memoryUsage().heapUsed / 1e6;
  console.log(
    `| ${name} | ${(bytes / 1e6).toFixed(0)} | ${seconds.toFixed(2)} | ${(bytes / 1e6 / seconds).toFixed(0)} | ${Math.round(result.lines / 1e3 / seconds)} | ${heapMb.toFixed(0)} |`,
  );
}
