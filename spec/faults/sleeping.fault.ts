import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { RunId } from '#protocol/ids';
import { isRunning } from '../e2e/flowforge.ts';
import { type Fault, held, p95, skipped, spread, type Verdict } from './fault.ts';
import { type FreezableDisk, mountFreezableDisk } from './frozen-disk.ts';
import { type GuardedHome, isEnded, openHome } from './guarded-home.ts';

const graceMs = 200;
const toldWithinMs = 3_000;
const responsiveMs = 1_000;

const uninterruptible = async (): Promise<Verdict> => {
  const disk = mountFreezableDisk();
  if (disk.kind === 'refused') return skipped(disk.why);
  try {
    const refused = disk.freeze();
    return refused === null ? held(await stopSleeper(disk)) : skipped(refused);
  } finally {
    disk.end();
  }
};

const stopSleeper = async (disk: FreezableDisk): Promise<string> => {
  const home = await openHome();
  try {
    return await stopWhileFrozen(home, disk);
  } finally {
    // First of all: what sleeps down there can be ended by nobody before that.
    disk.thaw();
    await home.end();
  }
};

const stopWhileFrozen = async (home: GuardedHome, disk: FreezableDisk): Promise<string> => {
  const { runId } = await home.start(['sh', '-c', `echo ready; echo x > ${disk.dir}/file`]);
  const pid = await home.forge.until('uninterruptible sleep', async () => sleeperOf(home, runId));
  const asksMs: number[] = [];
  let isOver = false;
  const asking = askOften(home, { asksMs, isOver: () => isOver });
  const stopped = await home.stop(runId, graceMs).finally(() => {
    isOver = true;
  });
  await asking;
  const { outcome } = stopped;
  expect(outcome.kind).to.equal('kill-incomplete');
  const named = outcome.kind === 'kill-incomplete' ? outcome.survivors : [];
  expect(
    named.map((one) => one.pid),
    'survivors that are named',
  ).to.deep.equal([pid]);
  disk.thaw();
  await home.forge.until('it to be gone', async () => !isRunning(pid));
  const view = await home.forge.until('the run to settle', async () => {
    const now = await home.view(runId);
    return isEnded(now) ? now : null;
  });
  expect([view.verifiedEmpty, view.survivors], 'looked for once more, and verified').to.deep.equal([true, 0]);
  expect((await home.forge.run('verify')).code, 'verify, afterwards').to.equal(0);
  const figure = `told as incomplete ${outcome.tookMs - graceMs} ms after the grace, naming ${named[0]?.command}; ${asksMs.length} questions answered meanwhile in ${spread(asksMs)}; thawed: gone, looked for again, verified empty, settled`;
  expect(outcome.tookMs - graceMs, figure).to.be.at.most(toldWithinMs);
  expect(p95(asksMs), figure).to.be.lessThan(responsiveMs);
  return figure;
};

/** The main process of the run, once it sleeps so that no signal reaches it. */
const sleeperOf = (home: GuardedHome, runId: RunId): number | null => {
  const { pid } = JSON.parse(readFileSync(path.join(home.home, 'runs', runId, 'pid'), 'utf8')) as { pid: number };
  return /^State:\s+D/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? pid : null;
};

const askOften = async (
  home: GuardedHome,
  { asksMs, isOver }: { readonly asksMs: number[]; readonly isOver: () => boolean },
): Promise<void> => {
  while (!isOver()) {
    const beganMs = performance.now();
    await home.ask((client) => client.runs({}));
    asksMs.push(performance.now() - beganMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

export const sleepingFaults: readonly Fault[] = [
  { id: 'C11', what: 'a process in uninterruptible sleep', inShort: false, provoke: uninterruptible },
];
