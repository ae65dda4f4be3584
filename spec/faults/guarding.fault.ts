import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { Fact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { isRunning, script } from '../e2e/flowforge.ts';
import { type Fault, type FaultSetting, held, spread, type Verdict } from './fault.ts';
import { type GuardedHome, linesOf, openHome, requestFor, survivorsIn, usualLoad } from './guarded-home.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whoever holds the lease and lives. Nothing is asked of any daemon, so nothing can start one. */
const holderOf = (home: string): number | null => {
  try {
    const { pid } = JSON.parse(readFileSync(path.join(home, 'daemon.lease'), 'utf8')) as { pid: number };
    return isRunning(pid) ? pid : null;
  } catch {
    return null; // between two holders
  }
};

const guardsAgainMs = 5_000;

const killedUnseen = async ({ short }: FaultSetting): Promise<Verdict> => {
  const home = await openHome();
  const tookMs: number[] = [];
  // The keeper waits 0, 1, then 2 s after deaths that follow each other like this.
  for (let round = 0; round < (short ? 1 : 3); round += 1) {
    const killedAtMs = Date.now();
    const dead = await home.killDaemon();
    const successor = await successorOf(home, dead);
    // From here on may be asked: what is measured was written down by the daemon itself.
    const guardingAtMs = await home.forge.until('the guard to be told', () => guardingSince(home, successor));
    tookMs.push(guardingAtMs - killedAtMs);
  }
  await home.end();
  const figure = `kill -9, and nobody asks: every job adopted and every thread up ${spread(tookMs)} later, x${tookMs.length}`;
  expect(Math.max(...tookMs), figure).to.be.at.most(guardsAgainMs);
  return held(figure);
};

const successorOf = async (home: GuardedHome, dead: number): Promise<number> => {
  for (const endMs = performance.now() + guardsAgainMs; ; await pause(20)) {
    const holder = holderOf(home.home);
    if (holder !== null && holder !== dead) return holder;
    if (performance.now() > endMs) throw new Error(`nobody took the place of daemon ${dead} in ${guardsAgainMs} ms`);
  }
};

/** When the last job was adopted and the last thread was up; null while something is missing. */
const guardingSince = async (home: GuardedHome, pid: number): Promise<number | null> => {
  const facts = await home.facts(null);
  const begun = facts.findLast((fact) => fact.kind === 'daemon-started' && fact.pid === pid);
  const since = facts.filter((fact) => begun !== undefined && fact.seq > begun.seq);
  const adopted = since.filter((fact) => fact.kind === 'run-adopted');
  const workers = since.filter((fact) => fact.kind === 'worker-started');
  if (adopted.length < usualLoad.jobs || workers.length < 4) return null;
  return Math.max(...[...adopted, ...workers].map(({ atMs }) => atMs));
};

const restartedInPlace = async ({ short }: FaultSetting): Promise<Verdict> => {
  const home = await openHome();
  const before = (await home.ask((client) => client.runs({}))).items;
  const tookMs: number[] = [];
  const sampledMs: number[] = [];
  for (let round = 0; round < (short ? 1 : 5); round += 1) {
    const code = 3 + round;
    const ending = await home.start(['sh', '-c', `sleep 0.5; exit ${code}`]);
    const { pid } = await home.status();
    const { code: answer, tookMs: restartMs, stderr } = await home.forge.run('daemon', 'restart');
    expect(answer, stderr).to.equal(0);
    tookMs.push(restartMs);
    expect((await home.status()).pid, 'another daemon').to.not.equal(pid);
    const backAtMs = Date.now();
    await home.forge.until('each job to be sampled again', async () => {
      const rows = (await home.ask((client) => client.runs({}))).items;
      return before.every(({ runId }) => rows.some((row) => row.runId === runId && (row.liveAtMs ?? 0) >= backAtMs));
    });
    sampledMs.push(Date.now() - backAtMs);
    await home.untilFact(ending.runId, 'run-settled');
    expect((await home.view(ending.runId)).exitCode, 'the code of a job that ended meanwhile').to.equal(code);
  }
  const pids = (rows: typeof before): readonly string[] => rows.map(({ runId, pid }) => `${runId} ${pid}`).sort();
  const after = (await home.ask((client) => client.runs({}))).items.filter(({ state }) => state === 'running');
  expect(pids(after), 'the same processes').to.deep.equal(pids(before));
  await home.end();
  return held(
    `x${tookMs.length} under load: the command took ${spread(tookMs)}, all sampled again after ${spread(sampledMs)}; the same processes, each line once, exit codes right`,
  );
};

const stoppedWithJobs = async ({ short }: FaultSetting): Promise<Verdict> => {
  const tookMs: number[] = [];
  for (let round = 0; round < (short ? 1 : 5); round += 1) {
    const home = await openHome({ load: null });
    const printer = ['python3', script('prints_lines.py'), '--rate', '100', '--count', '1000000', '--timeout', '600'];
    const printers = await startEach(home, usualLoad.jobs, printer);
    const trees = await startEach(home, 3, ['sh', script('tree.sh'), '--timeout', '120']);
    for (const runId of trees)
      await home.forge.until('the tree to stand', async () => {
        const { lines } = await home.ask((client) => client.log(runId, { tail: 1 }));
        return lines.some(({ text }) => text.includes('ready'));
      });
    const stopped = await home.forge.run('daemon', 'stop', '--jobs');
    // Looked for right after the command says that it is done: a survivor would have nobody left to end it.
    expect(survivorsIn(home.home), 'processes with the mark of a run').to.deep.equal([]);
    expect(stopped.code, stopped.stderr).to.equal(0);
    tookMs.push(stopped.tookMs);
    await home.forge.run('daemon', 'start');
    for (const runId of [...printers, ...trees]) {
      const told = await settledFacts(home, runId);
      expect(told.filter(({ kind }) => kind === 'stop-verified')).to.have.length(1);
    }
    for (const runId of printers) {
      const numbers = await linesOf(home, runId);
      expect(numbers, 'each line once').to.deep.equal(numbers.map((_, at) => at + 1));
    }
    await home.end();
  }
  return held(
    `3 trees of nine that are deaf in part, and ${usualLoad.jobs} printers, grace 1.5 s: none alive when the command was done, x${tookMs.length}, after ${spread(tookMs)}; each line once`,
  );
};

const startEach = async (home: GuardedHome, count: number, argv: readonly string[]): Promise<readonly RunId[]> =>
  (
    await Promise.all(
      Array.from({ length: count }, () => home.start(argv, { limits: { ...requestFor(argv).limits, graceMs: 1_500 } })),
    )
  ).map(({ runId }) => runId);

const settledFacts = (home: GuardedHome, runId: RunId): Promise<readonly Fact[]> =>
  home.forge.until(`run ${runId} to settle`, async () => {
    const facts = await home.facts(runId);
    return facts.some(({ kind }) => kind === 'run-settled') ? facts : null;
  });

export const guardingFaults: readonly Fault[] = [
  { id: 'R17', what: 'the daemon killed while nobody looks', inShort: false, provoke: killedUnseen },
  { id: 'R18', what: 'the daemon restarted in place', inShort: false, provoke: restartedInPlace },
  { id: 'R19', what: 'the daemon stopped with its jobs', inShort: false, provoke: stoppedWithJobs },
];
