import { readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { StartedRun } from '#protocol/control';
import { script } from '../e2e/flowforge.ts';
import { type Fault, type FaultSetting, held, type Verdict } from './fault.ts';
import { type GuardedHome, openHome, usualLoad } from './guarded-home.ts';

const flood = async (): Promise<Verdict> => {
  const capBytes = 32 * 1024 * 1024;
  const home = await openHome({ env: { FLOWFORGE_LOG_CAP: '32MiB' } });
  const { pid } = await home.status();
  const rssBefore = rssBytesOf(Number(pid));
  const { runId } = await home.start(['yes']);
  const file = path.join(home.home, 'runs', runId, 'stdout.log');
  const seen: { readonly atMs: number; readonly size: number; readonly onDisk: number; readonly rss: number }[] = [];
  for (const untilMs = performance.now() + 10_000; performance.now() < untilMs; ) {
    const { size, blocks } = statSync(file);
    seen.push({ atMs: performance.now(), size, onDisk: blocks * 512, rss: rssBytesOf(Number(pid)) });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const stopped = await home.stop(runId, 0);
  expect(stopped.outcome.kind).to.equal('stop-verified');
  const rates = seen
    .slice(10)
    .map((now, i) => ((now.size - (seen[i]?.size ?? 0)) / (now.atMs - (seen[i]?.atMs ?? 0))) * 1_000);
  const mostOnDisk = Math.max(...seen.map(({ onDisk }) => onDisk));
  const rssGrowth = Math.max(...seen.map(({ rss }) => rss)) - rssBefore;
  const mb = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  const figure = `${mb(statSync(file).size)} MB written at up to ${mb(Math.max(...rates))} MB/s, at most ${mb(mostOnDisk)} MB on disk (cap ${mb(capBytes)}); daemon RSS +${mb(rssGrowth)} MB`;
  expect(mostOnDisk, figure).to.be.lessThan(capBytes + 0.5 * Math.max(...rates));
  expect(
    (await home.facts(runId)).some((fact) => fact.kind === 'output-gap'),
    'gaps are told',
  ).to.equal(true);
  const stoppedMs = await runawayFlood(home);
  await home.end();
  const all = `${figure}; stopped by the policy after ${stoppedMs} ms`;
  expect(rssGrowth, all).to.be.lessThan(50 * 1024 * 1024);
  expect(stoppedMs, all).to.be.at.most(5_000);
  return held(all);
};

/** From the start of a flood until its policy has ended it. */
const runawayFlood = async (home: GuardedHome): Promise<number> => {
  const { runId } = await home.start(['yes'], { policy: { kind: 'shipped', name: 'standard' } });
  const verified = await home.untilFact(runId, 'stop-verified', 30_000);
  return verified.atMs - (await home.untilFact(runId, 'run-started')).atMs;
};

const rssBytesOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;

const asleep = async ({ short }: FaultSetting): Promise<Verdict> => {
  const home = await openHome();
  const { pid } = await home.status();
  const sleepMs = short ? 5_000 : 30_000;
  process.kill(Number(pid), 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, sleepMs));
  process.kill(Number(pid), 'SIGCONT');
  await home.forge.until('fresh numbers of all', async () => {
    const page = await home.ask((client) => client.runs({}));
    return (
      page.items.filter((row) => row.liveAtMs !== null && Date.now() - row.liveAtMs < 3_000).length >= usualLoad.jobs
    );
  });
  const facts = await home.facts(null);
  expect((await home.status()).pid).to.equal(pid);
  expect(facts.filter((fact) => fact.kind === 'incident-opened')).to.deep.equal([]);
  const deaths = facts.filter((fact) => fact.kind === 'worker-died').length;
  await home.end();
  return held(`${sleepMs / 1_000} s asleep: 0 incidents, ${deaths} workers replaced, every job sampled again`);
};

const logTampered = async (): Promise<Verdict> => {
  const home = await openHome();
  const argv = ['python3', script('prints_lines.py'), '--rate', '100', '--count', '100000', '--timeout', '120'];
  const truncated = await home.start(argv);
  const removed = await home.start(argv);
  await home.forge.until(
    'output',
    async () => statSync(path.join(home.home, 'runs', removed.runId, 'stdout.log')).size > 2_000,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  truncateSync(path.join(home.home, 'runs', truncated.runId, 'stdout.log'), 0);
  rmSync(path.join(home.home, 'runs', removed.runId, 'stdout.log'));
  const gaps = await Promise.all([truncated, removed].map(({ runId }) => home.untilFact(runId, 'output-gap')));
  for (const { runId } of [truncated, removed]) expect((await home.view(runId)).state).to.equal('running');
  for (const { runId } of [truncated, removed]) await home.stop(runId, 0);
  await home.end();
  return held(
    `told with their bytes: ${gaps.map((gap) => `${gap.fromByte} to ${gap.toByte}`).join(', ')}; both watched on`,
  );
};

/** NUL bytes and bytes that are no UTF-8 within; then an ordinary line. */
const endlessLine = `
import sys
out = sys.stdout.buffer
piece = (b"x" * 4000 + b"\\0\\0" + b"\\xff\\xfe\\xc3\\x28" + b"y" * 4090) * 128
for _ in range(int(sys.argv[1])):
    out.write(piece)
out.write(b"\\nafter it\\n")
out.flush()
`;

const longLine = async ({ short }: FaultSetting): Promise<Verdict> => {
  const home = await openHome({ env: { FLOWFORGE_LOG_CAP: '32MiB', FLOWFORGE_ARCHIVE_AFTER: '0s' } });
  const { pid } = await home.status();
  const rssBefore = rssBytesOf(Number(pid));
  const pieces = short ? 128 : 1_024;
  const { runId } = await home.start(['python3', '-c', endlessLine, String(pieces)]);
  let mostRss = rssBefore;
  await home.forge.until(
    'the run to settle',
    async () => {
      mostRss = Math.max(mostRss, rssBytesOf(Number(pid)));
      return (await home.view(runId)).settled;
    },
    120_000,
  );
  const gaps = (await home.facts(runId)).filter((fact) => fact.kind === 'output-gap');
  expect(
    gaps.some(({ why }) => /^a line of more than/.test(why)),
    'the line is told of',
  ).to.equal(true);
  await home.untilFact(runId, 'log-archived', 120_000);
  mostRss = Math.max(mostRss, rssBytesOf(Number(pid)));
  const last = await home.ask((client) => client.log(runId, { tail: 2 }));
  expect(last.lines.at(-1)?.text).to.equal('after it');
  expect(Math.max(...last.lines.map(({ text }) => text.length))).to.be.at.most(16_384);
  expect(mostRss - rssBefore, 'the line is held nowhere').to.be.lessThan(100 * 1024 * 1024);
  expect((await home.status()).pid, 'the same daemon').to.equal(pid);
  const deaths = (await home.facts(null)).filter((fact) => fact.kind === 'worker-died');
  expect(deaths, 'workers that died').to.deep.equal([]);
  await home.end();
  const mb = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  return held(
    `a line of ${mb(pieces * 1_047_552)} MB told as one event (and ${gaps.length - 1} stretches of it that were passed over or given back); the line after it is there, no worker died, daemon RSS +${mb(mostRss - rssBefore)} MB`,
  );
};

const queued = async (): Promise<Verdict> => {
  const home = await openHome({ env: { FLOWFORGE_MAX_CONCURRENT: String(usualLoad.jobs + 3) } });
  const started: StartedRun[] = [];
  for (let i = 0; i < 8; i += 1) started.push(await home.start(['sleep', '300']));
  const statesNow = async (): Promise<readonly string[]> =>
    (await Promise.all(started.map(({ runId }) => home.view(runId)))).map(({ state }) => state);
  const count = async (state: string): Promise<number> => (await statesNow()).filter((one) => one === state).length;
  await home.forge.until(
    'three to run and five to wait',
    async () => (await count('running')) === 3 && (await count('queued')) === 5,
  );
  const dead = await home.killDaemon();
  await home.untilGuarding(dead);
  await home.forge.until(
    'the same after a kill -9',
    async () => (await count('running')) === 3 && (await count('queued')) === 5,
  );
  const waiting = started.at(-1)?.runId;
  if (waiting === undefined) throw new Error('nothing was started');
  await home.ask((client) => client.command(waiting, 'stop', { reason: 'not wanted any more' }));
  await home.untilFact(waiting, 'run-dequeued');
  for (const { runId } of started.slice(0, 3)) await home.stop(runId, 0);
  await home.forge.until('the next three', async () => (await count('running')) === 3 && (await count('queued')) === 1);
  for (const { runId } of started.slice(3, 7)) {
    await home.forge.until('its turn', async () => (await home.view(runId)).state === 'running');
    await home.stop(runId, 0);
  }
  for (const { runId } of started) {
    const begun = (await home.facts(runId)).filter((fact) => fact.kind === 'run-started').length;
    expect(begun, 'starts of one run').to.equal(runId === waiting ? 0 : 1);
  }
  await home.end();
  return held(
    '8 asked for beside the load, 3 at once, each in its turn and once, across a kill -9; one taken out of the queue never ran',
  );
};

export const outputFaults: readonly Fault[] = [
  { id: 'R06', what: 'the daemon asleep (SIGSTOP)', inShort: false, provoke: asleep },
  { id: 'R10', what: 'a log that floods (`yes`)', inShort: false, provoke: flood },
  { id: 'R11', what: 'a log truncated, and one deleted, under a running job', inShort: false, provoke: logTampered },
  { id: 'R12', what: 'a line of 1 GB with NUL and bytes that are no text', inShort: false, provoke: longLine },
  { id: 'R16', what: 'a queue, and a kill -9 of the daemon', inShort: false, provoke: queued },
];
