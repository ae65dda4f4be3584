// usage: npm run bench:fixtures
// The verdict on the fixture logs, when and where it came, and what a line costs.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createScan } from '../../dist/workers/offline/scan.js';
import { createRedactor } from '../../dist/workers/redaction/redact.js';

const dir = path.join(import.meta.dirname, '../../fixtures/logs');
const rounds = 300;
const options = { format: 'auto', linesPerSecond: 20, redact: createRedactor(), logWindowLines: 10 };
const scan = (bytes) => {
  const one = createScan(options);
  one.feed(bytes);
  return one.finish();
};

console.log('| log | verdict | detector | at line | s after the first round | ns a line |\n|---|---|---|---|---|---|');
for (const name of ['runaway.txt', 'healthy.txt']) {
  const bytes = readFileSync(path.join(dir, name));
  const { level, findings, lines } = scan(bytes);
  const first = findings.find((finding) => finding.level !== 'observe');
  const seconds = first === undefined ? '-' : ((first.atMs - first.evidence.firstAtMs) / 1000).toFixed(1);
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) scan(bytes);
  const { user, system } = process.cpuUsage(before);
  console.log(
    `| ${name} | ${level} | ${first?.detector ?? '-'} | ${first?.atLine ?? '-'} | ${seconds} | ${((1000 * (user + system)) / (rounds * lines)).toFixed(0)} |`,
  );
}
