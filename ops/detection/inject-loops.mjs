// usage: node ops/detection/inject-loops.mjs DIR [--rate 5] [--lines 400]
// Appends loops to the healthy streams of a corpus and counts how many are caught, and how soon.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readManifest } from '../../dist/workers/offline/corpus-manifest.js';
import { createScan } from '../../dist/workers/offline/scan.js';
import { createRedactor } from '../../dist/workers/redaction/redact.js';
import { loopShapes } from './loop-shapes.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '5' },
    lines: { type: 'string', default: '400' },
    missed: { type: 'boolean', default: false },
  },
});
const [dir] = positionals;
if (dir === undefined) throw new Error('which corpus? node ops/detection/inject-loops.mjs DIR');

const options = { format: 'lines', linesPerSecond: Number(values.rate), redact: createRedactor(), logWindowLines: 10 };
const loopLines = Number(values.lines);
const hosts = readManifest(dir).filter((entry) => entry.label === 'healthy' && !entry.file.endsWith('.jsonl'));

/** Lines from the onset to the first warning; null when there was none. */
const linesToWarning = (host, shape) => {
  const scan = createScan(options);
  scan.feed(host.bytes);
  scan.feed(Buffer.from(Array.from({ length: loopLines }, (_, index) => `${shape(index)}\n`).join('')));
  const after = scan
    .finish()
    .findings.filter((finding) => finding.level !== 'observe' && finding.atLine > host.lines)
    .map((finding) => finding.atLine - host.lines);
  return after.length === 0 ? null : Math.min(...after);
};

const loaded = hosts.map((entry) => {
  const raw = readFileSync(entry.path);
  const bytes = raw.at(-1) === 10 ? raw : Buffer.concat([raw, Buffer.from('\n')]);
  const alone = createScan(options);
  alone.feed(bytes);
  return { file: entry.file, bytes, lines: alone.finish().lines };
});

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? null;
const all = [];
console.log('| loop | logs | caught | median lines | worst |\n|---|---|---|---|---|');
for (const [name, shape] of Object.entries(loopShapes)) {
  const outcomes = loaded.map((host) => ({ file: host.file, lines: linesToWarning(host, shape) }));
  const caught = outcomes.flatMap(({ lines }) => (lines === null ? [] : [lines]));
  all.push(...outcomes.map(({ lines }) => lines));
  console.log(`| ${name} | ${outcomes.length} | ${caught.length} | ${median(caught)} | ${Math.max(...caught)} |`);
  if (values.missed) for (const { file, lines } of outcomes) if (lines === null) console.log(`  missed in ${file}`);
}
const caught = all.filter((lines) => lines !== null);
console.log(
  `caught ${caught.length} of ${all.length} (${((100 * caught.length) / all.length).toFixed(1)} %), median ${median(caught)} lines after onset at ${values.rate} lines/s`,
);
