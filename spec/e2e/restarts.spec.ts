import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { isAlive, readBootId, readStat } from '#action/process-identity';
import type { RunId } from '#protocol/ids';
import { type GuardedHome, openHome } from '../faults/guarded-home.ts';

const unlucky = ['sh', '-c', 'exit 3'];
const restart = { mode: 'always', max: 10 } as const;

describe('a job that is restarted', () => {
  let home: GuardedHome;
  const openWith = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    home = await openHome({ load: null, env });
  };
  afterEach(async () => {
    // What would be restarted for ever is ended with its daemon; the next one checks what was left.
    await home.ask((client) => client.stopDaemon({ stopJobs: true }));
    await home.forge.run('daemon', 'start');
    await home.end();
  });

  /** Some generations on, when the delay is long enough that nobody has to hurry. */
  const untilRestartIsFarOff = async (first: RunId): Promise<RunId> => {
    for (let runId = first; ; ) {
      const { delayMs } = await home.untilFact(runId, 'restart-scheduled');
      if (delayMs > 3_000) return runId;
      runId = (await home.untilFact(runId, 'run-restarted')).nextRunId;
    }
  };
  const generationsOf = async (runId: RunId): Promise<readonly RunId[]> => {
    const { jobId } = await home.view(runId);
    const { items } = await home.ask((client) => client.runs({}));
    return items.filter((row) => row.jobId === jobId).map((row) => row.runId);
  };

  it('stays over when it is stopped while its restart is due', async () => {
    await openWith();
    const runId = await untilRestartIsFarOff((await home.start(unlucky, { restart })).runId);
    const before = await generationsOf(runId);
    const stopped = await home.forge.run('stop', runId, '--reason', 'enough');
    expect(stopped.code, stopped.stdout).to.equal(0);
    expect((await home.untilFact(runId, 'restart-cancelled')).reason).to.equal('enough');
    expect((await home.untilFact(runId, 'run-settled')).next).to.equal('none');
    expect(await home.view(runId)).to.include({ nextRunId: null, restartDueAtMs: null });
    expect(await generationsOf(runId)).to.deep.equal(before);
  });

  it('begins at once, and once, when a person asks while it is due', async () => {
    await openWith();
    const mark = path.join(home.home, 'go-on');
    const argv = ['sh', '-c', `[ -e ${mark} ] && exec sleep 60; exit 3`];
    const runId = await untilRestartIsFarOff((await home.start(argv, { restart })).runId);
    const before = await generationsOf(runId);
    writeFileSync(mark, '');
    await home.ask((client) => client.command(runId, 'restart', { reason: 'now' }));
    const { nextRunId } = await home.untilFact(runId, 'run-restarted');
    await home.untilFact(runId, 'run-settled');
    await home.untilFact(nextRunId, 'run-started');
    const again = await home.forge.run('restart', runId);
    expect(again.code, again.stdout).to.equal(1);
    expect(again.stdout, 'it names the one that lives').to.contain(nextRunId);
    expect((await generationsOf(runId)).length).to.equal(before.length + 1);
  });

  it('waits for its turn when another took its place meanwhile', async () => {
    await openWith({ FLOWFORGE_MAX_CONCURRENT: '1' });
    const first = await untilRestartIsFarOff((await home.start(unlucky, { restart })).runId);
    const other = await home.start(['sleep', '60']);
    const { nextRunId } = await home.untilFact(first, 'run-restarted');
    await home.untilFact(nextRunId, 'run-queued');
    expect((await home.view(other.runId)).state).to.equal('running');
    await home.stop(other.runId, 0);
    await home.untilFact(nextRunId, 'run-requested');
  });
});

describe('daemon stop --jobs', () => {
  it('ends after the last child that takes its time, not after its parent', async () => {
    const home = await openHome({ load: null });
    const file = path.join(home.home, 'child');
    const deaf = `sh -c 'trap "" TERM; echo $$ >${file}; sleep 60; sleep 60' & exec sleep 60`;
    await home.forge.run('run', '--detach', '--grace', '1s', '--', 'sh', '-c', deaf);
    const pid = await home.forge.until('the child', async () => existsSync(file) && Number(readFileSync(file, 'utf8')));
    const child = { bootId: readBootId(), pid, startTicks: readStat(pid)?.startTicks ?? 0 };
    expect(isAlive(child)).to.equal(true);
    await home.ask((client) => client.stopDaemon({ stopJobs: true }));
    expect(isAlive(child)).to.equal(false);
    await home.forge.run('daemon', 'start');
    await home.end();
  });
});
