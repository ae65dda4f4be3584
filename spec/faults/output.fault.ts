import { readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { script } from '../e2e/flowforge.ts';
import { type Fault, type FaultSetting, held, skipped, type Verdict } from './fault.ts';
import { isEnded, openHome } from './guarded-home.ts';

const flood = async (): Promise<Verdict> => {
  const capBytes = 32 * 1024 * 1024;
  const home = await openHome({ env: { FLOWFORGE_LOG_CAP: '32MiB' } });
  const { pid } = await home.status();
  const rssBefore = rssBytesOf(Number(pid));
  const { runId } = await home.start(['yes']);
  const beganMs = performance.now();
  const file = path.join(home.home, 'runs', runId, 'stdout.log');
  let mostAllocated = 0;
  let rssAfter = rssBefore;
  let rate = 0;
  let last = { size: 0, atMs: beganMs };
  const ended = await home.forge.until(
    'the flood to be stopped',
    async () => {
      const { size, blocks } = statSync(file);
      const nowMs = performance.now();
      rate = Math.max(rate, (size - last.size) / Math.max(1, nowMs - last.atMs));
      last = { size, atMs: nowMs };
      mostAllocated = Math.max(mostAllocated, blocks * 512);
      rssAfter = Math.max(rssAfter, rssBytesOf(Number(pid)));
      const view = await home.view(runId);
      return isEnded(view) ? { view, tookMs: nowMs - beganMs } : null;
    },
    60_000,
  );
  expect(ended.view.state).to.equal('stopped');
  const gaps = (await home.facts(runId)).filter((fact) => fact.kind === 'output-gap');
  expect(gaps.length, 'gaps that are told').to.be.greaterThan(0);
  await home.end();
  const mb = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  return held(
    `stopped after ${(ended.tookMs / 1_000).toFixed(1)} s; ${mb(last.size)} MB written at up to ${mb(rate * 1_000)} MB/s, at most ${mb(mostAllocated)} MB on disk (cap ${mb(capBytes)}); daemon RSS +${mb(rssAfter - rssBefore)} MB`,
  );
};

const rssBytesOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;

const frozenAdopted = async (): Promise<Verdict> => {
  const home = await openHome();
  const { runId } = await home.start(['sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
  await home.ask((client) => client.command(runId, 'pause', { reason: 'hold on' }));
  await home.untilFact(runId, 'run-paused');
  const size = (): number => statSync(path.join(home.home, 'runs', runId, 'stdout.log')).size;
  const pausedAt = size();
  const dead = await home.killDaemon();
  await home.untilGuarding(dead);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await home.view(runId)).state).to.equal('paused');
  expect(size(), 'it stands still').to.equal(pausedAt);
  await home.ask((client) => client.command(runId, 'resume', { reason: 'go on' }));
  await home.untilFact(runId, 'run-resumed');
  await home.forge.until('it to go on', async () => size() > pausedAt);
  await home.ask((client) => client.command(runId, 'pause', { reason: 'hold on' }));
  await home.forge.until('the second pause', async () => (await home.view(runId)).state === 'paused');
  const stopped = await home.stop(runId, 500);
  expect(stopped.outcome.kind).to.equal('stop-verified');
  const signals = (await home.facts(runId)).flatMap((fact) => (fact.kind === 'stop-signalled' ? [fact.signal] : []));
  expect(signals.slice(0, 2)).to.deep.equal(['SIGCONT', 'SIGTERM']);
  await home.end();
  return held('stood still through a kill -9, was adopted as paused, went on when told; SIGCONT came before SIGTERM');
};

const asleep = async ({ short }: FaultSetting): Promise<Verdict> => {
  const home = await openHome();
  const { pid } = await home.status();
  const sleepMs = short ? 5_000 : 30_000;
  process.kill(Number(pid), 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, sleepMs));
  process.kill(Number(pid), 'SIGCONT');
  await home.forge.until('fresh numbers of all', async () => {
    const page = await home.ask((client) => client.runs({}));
    return page.items.filter((row) => row.liveAtMs !== null && Date.now() - row.liveAtMs < 3_000).length >= 10;
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

export const outputFaults: readonly Fault[] = [
  { id: 'R06', what: 'the daemon asleep (SIGSTOP)', inShort: false, provoke: asleep },
  { id: 'R10', what: 'a log that floods (`yes`)', inShort: false, provoke: flood },
  { id: 'R11', what: 'a log truncated, and one deleted, under a running job', inShort: false, provoke: logTampered },
  { id: 'R15', what: 'a frozen job, and a kill -9 of the daemon', inShort: true, provoke: frozenAdopted },
  {
    id: 'R14',
    what: 'the clock jumps by an hour',
    inShort: false,
    provoke: async () => skipped('setting the clock would break the machine for others'),
  },
];
