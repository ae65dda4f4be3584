import { expect } from 'chai';
import { readStat } from '#action/process-identity';
import { eventually, fixture, inLevels, untilPrinted } from '../coordinator/shimmed-run.ts';
import { alive } from './levels.ts';
import { rounds, signalsOf, stop } from './stopping.ts';

const nap = ['/bin/sh', '-c', 'echo ready; exec sleep 30'];

inLevels('stopping a tree', (level, start) => {
  for (let round = 1; round <= rounds; round += 1) {
    it(`leaves nobody of nine scattered processes alive, round ${round}`, async () => {
      const run = await start([fixture('tree.sh'), '--timeout', '30'], 'ready');
      const members = await run.boundary.members();
      expect(alive(members)).to.have.length(9);
      const { outcome, killMs } = await stop(run, { graceMs: 0 });
      expect(outcome).to.deep.include({ kind: 'verified-empty', killed: 9 });
      expect(alive(members)).to.deep.equal([]);
      expect(killMs).to.be.lessThan(level === 'cgroup2' ? 1_000 : 3_000);
    });
  }

  it('ends early when everybody goes at SIGTERM', async () => {
    const run = await start(nap, 'ready');
    const stopped = await stop(run, { graceMs: 20_000 });
    expect(stopped.outcome.kind).to.equal('verified-empty');
    expect(stopped.outcome.tookMs).to.be.lessThan(10_000);
    expect(signalsOf(stopped)).to.deep.equal(['SIGTERM']);
    expect((await run.exit()).code).to.equal(128 + 15);
  });

  it('kills at the end of the grace what ignores SIGTERM', async () => {
    const run = await start(['python3', fixture('ignores_sigterm.py'), '--timeout', '30'], 'ready');
    const stopped = await stop(run, { graceMs: 300 });
    await untilPrinted(run, 'ignoring signal 15');
    expect(signalsOf(stopped)).to.deep.equal(['SIGTERM', 'SIGKILL']);
    expect(stopped.outcome.kind).to.equal('verified-empty');
    expect(stopped.outcome.tookMs).to.be.greaterThanOrEqual(300);
    expect((await run.exit()).code).to.equal(128 + 9);
  });

  it('leaves SIGTERM out where there is no grace', async () => {
    const stopped = await stop(await start(nap, 'ready'), { graceMs: 0 });
    expect(signalsOf(stopped)).to.deep.equal(['SIGKILL']);
  });

  it('wakes a stopped job, so that it can act on SIGTERM', async () => {
    const run = await start(['/bin/sh', '-c', 'trap "echo bye; exit 5" TERM; sleep 30 & echo ready; wait'], 'ready');
    await run.boundary.signal('SIGSTOP');
    const members = await run.boundary.members();
    await eventually('the job to be halted', () =>
      members.every((one) => readStat(one.pid)?.isStopped) ? true : null,
    );
    const stopped = await stop(run, { graceMs: 10_000 });
    expect(signalsOf(stopped).slice(0, 2)).to.deep.equal(['SIGCONT', 'SIGTERM']);
    expect(stopped.outcome.kind).to.equal('verified-empty');
    expect(run.stdout()).to.contain('bye');
    expect((await run.exit()).code).to.equal(5);
  });

  it('finds a process that rewrote its title, and its environment with it', async () => {
    const run = await start(['perl', '-e', '$| = 1; $0 = "x" x 4000; print "ready\n"; sleep 30'], 'ready');
    expect((await stop(run, { graceMs: 0 })).outcome).to.deep.include({ kind: 'verified-empty', killed: 1 });
  });

  it('does not take zombies for survivors', async () => {
    const zombies = ['--timeout', '30', '--zombies', '200', '--hold', '30'];
    const run = await start(['python3', fixture('zombie_spawner.py'), ...zombies], 'zombies');
    const members = await run.boundary.members();
    expect(alive(members)).to.have.length(2);
    if (level === 'tag-scan') expect(members.filter((member) => member.isZombie)).to.have.length(200);
    expect((await stop(run, { graceMs: 0 })).outcome).to.deep.include({ kind: 'verified-empty', killed: 2 });
  });

  it('may be asked again after it is done', async () => {
    const run = await start(nap, 'ready');
    await stop(run, { graceMs: 0 });
    expect((await stop(run, { graceMs: 5_000 })).outcome).to.deep.include({ kind: 'verified-empty', killed: 0 });
  });

  it('signals nobody when the machine was booted since', async () => {
    const run = await start(nap, 'ready');
    const { identity } = run.pidFile;
    const bootId = '00000000-0000-0000-0000-000000000000';
    const stopped = await stop(
      { ...run, pidFile: { ...run.pidFile, identity: { ...identity, bootId } } },
      { graceMs: 0 },
    );
    expect(stopped.outcome).to.deep.include({ kind: 'verified-empty', killed: 0 });
    expect(alive(await run.boundary.members())).to.have.length(1);
  });
});
