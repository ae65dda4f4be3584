import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '#record/ledger';
import {
  createSealer,
  decisionMade,
  incidentOpened,
  newIncidentId,
  newRunId,
  requested,
  started,
} from './told-facts.ts';

// How many facts a second the ledger takes, and how long a page of 100 takes at the end: node dist/spec/record/ledger.bench.js [facts]
const wanted = Number(process.argv[2] ?? 200_000);
const home = mkdtempSync(join(tmpdir(), 'flowforge-bench-'));
const ledger = await openLedger(home);
const seal = createSealer();
const runIds = Array.from({ length: 50 }, () => newRunId());
const incidents = runIds.map((runId) => ({ runId, incidentId: newIncidentId() }));
await ledger.append(seal(...runIds.map((runId) => requested(runId)), ...runIds.map((runId) => started(runId))));
await ledger.append(seal(...incidents.map(({ runId, incidentId }) => incidentOpened(runId, incidentId))));

const pick = (n: number) => incidents[n % incidents.length] ?? { runId: newRunId(), incidentId: newIncidentId() };
for (const batch of [1, 10, 100, 1000]) {
  const count = Math.min(wanted, batch * 400);
  const batches = Array.from({ length: count / batch }, (_, at) =>
    seal(...Array.from({ length: batch }, (_unused, n) => decisionMade(pick(at + n).runId, pick(at + n).incidentId))),
  );
  const beganMs = performance.now();
  const cpuBefore = process.cpuUsage();
  for (const sealed of batches) await ledger.append(sealed);
  const tookMs = performance.now() - beganMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  console.log(
    `batches of ${String(batch).padStart(4)}: ${Math.round((count / tookMs) * 1000).toLocaleString('en')} facts/s, ${((user + system) / count).toFixed(1)} µs of CPU each`,
  );
}
for (let left = wanted; left > 0; left -= 1000) {
  await ledger.append(seal(...Array.from({ length: 1000 }, (_, n) => decisionMade(pick(n).runId, pick(n).incidentId))));
}

const pages: number[] = [];
for (let n = 0; n < 200; n += 1) {
  const beganMs = performance.now();
  await ledger.timeline({
    runId: pick(n).runId,
    incidentId: null,
    order: 'newest-first',
    limit: 100,
    cursor: String(Math.round(ledger.lastSeq() * ((n % 10) / 10 + 0.1))),
  });
  pages.push(performance.now() - beganMs);
}
pages.sort((a, b) => a - b);
console.log(
  `a page of 100 facts of one run at ${ledger.lastSeq().toLocaleString('en')} facts: p95 ${pages[190]?.toFixed(1)} ms`,
);
const beganMs = performance.now();
console.log(`verify: ${(await ledger.verify()).kind} in ${Math.round(performance.now() - beganMs)} ms`);
await ledger.close();
rmSync(home, { recursive: true });
