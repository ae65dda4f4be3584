// usage: node ops/detection/throughput.mjs [--lines 2000000]
// Cost of a scan on one core: timestamped 100-byte lines that all differ, then hostile streams, with all detectors on.
import { parseArgs } from 'node:util';
import { createScan } from '../../dist/workers/offline/scan.js';
import { createRedactor } from '../../dist/workers/redaction/redact.js';
import { pieces } from './generate-lines.mjs';

const { values } = parseArgs({ options: { lines: { type: 'string', default: '2000000' } } });
const lines = Number(values.lines);
const kinds = [
  { name: `${lines} timestamped lines of 100 bytes, all different`, kind: 'log', count: lines },
  { name: 'one line again and again', kind: 'equal', count: lines / 2 },
  { name: 'random bytes', kind: 'random', count: lines / 2 },
  { name: 'one line of 1 GB', kind: 'long', count: 10_000_000 },
  { name: 'deep JSON', kind: 'json', count: lines / 2 },
];

console.log('| input | MB | s | MB/s | M lines/s | heap after, MB |\n|---|---|---|---|---|---|');
for (const { name, kind, count } of kinds) {
  const scan = createScan({ format: 'auto', linesPerSecond: 20, redact: createRedactor(), logWindowLines: 10 });
  let ns = 0n;
  let bytes = 0;
  // What is measured is the scan, not the making of its input.
  for (const piece of pieces(kind, count)) {
    bytes += piece.length;
    const startNs = process.hrtime.bigint();
    scan.feed(piece);
    ns += process.hrtime.bigint() - startNs;
  }
  const startNs = process.hrtime.bigint();
  const result = scan.finish();
  ns += process.hrtime.bigint() - startNs;
  const seconds = Number(ns) / 1e9;
  const heapMb = process.memoryUsage().heapUsed / 1e6;
  console.log(
    `| ${name} | ${(bytes / 1e6).toFixed(0)} | ${seconds.toFixed(2)} | ${(bytes / 1e6 / seconds).toFixed(0)} | ${(result.lines / 1e6 / seconds).toFixed(2)} | ${heapMb.toFixed(0)} |`,
  );
}
