import { expect } from 'chai';
import { createForge, type Forge } from './flowforge.ts';

describe('many jobs from a terminal', function () {
  this.timeout(120_000);
  let forge: Forge;
  before(() => {
    forge = createForge({ FLOWFORGE_MAX_PER_LABEL: 'gpu:1' });
  });
  after(() => forge.end());

  const detach = async (name: string, ...options: string[]): Promise<void> => {
    const begun = await forge.run('run', '--detach', '--name', name, ...options, '--', 'sleep', '600');
    expect(begun.code, begun.stderr).to.equal(0);
  };
  const statesOf = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries((await forge.ps()).map(({ name, state }) => [name, state]));

  it('gives those that share a label their turn, and lets the others pass', async () => {
    await detach('first', '--label', 'gpu=a', '--label', 'night=yes');
    await detach('second', '--label', 'gpu=a', '--label', 'night=yes');
    await detach('other', '--label', 'gpu=b', '--label', 'night=yes');
    await detach('free');
    expect(await statesOf()).to.deep.equal({ first: 'running', second: 'queued', other: 'running', free: 'running' });
    expect((await forge.inspect('second')).trouble).to.equal('1 run with gpu=a is live, and no more may be at once');
    expect((await forge.run('stop', 'first')).code).to.equal(0);
    await forge.until('its turn', async () => (await statesOf()).second === 'running');
    expect((await forge.inspect('second')).trouble).to.equal(null);
  });

  it('says what a filter would hit, and does it once it is meant', async () => {
    const dry = await forge.run('stop', '-f', 'label:night state:running', '--dry-run');
    expect(dry.code, dry.stderr).to.equal(0);
    expect(dry.stdout)
      .to.match(/second \(.*\): running/)
      .and.match(/other \(.*\): running/);
    expect(dry.stdout).to.contain('2 would be stopped; nothing was done');
    expect(await statesOf()).to.include({ second: 'running', other: 'running', free: 'running' });

    const stopped = await forge.run('stop', '-f', 'label:night state:running', '--reason', 'the night is over');
    expect(stopped.code, stopped.stderr).to.equal(0);
    expect(stopped.stdout).to.contain('2 of 2 stopped');
    expect(await statesOf()).to.include({ second: 'stopped', other: 'stopped', free: 'running' });
    expect((await forge.inspect('other')).stopReason).to.equal('the night is over');
  });

  it('pauses and resumes by filter, and lists by filter', async () => {
    const paused = await forge.json<{ name: string; isDone: boolean }[]>('pause', '-f', 'name:free', '--json');
    expect(paused).to.have.length(1);
    expect(paused[0]).to.include({ name: 'free', isDone: true, outcome: 'paused' });
    const listed = await forge.json<{ name: string }[]>('ps', '-f', 'state:paused', '--json');
    expect(listed.map(({ name }) => name)).to.deep.equal(['free']);
    expect((await forge.run('resume', '-f', 'name:free')).code).to.equal(0);
    expect(await statesOf()).to.include({ free: 'running' });
  });

  it('refuses a filter that names what there is not, before anything is done', async () => {
    const misspelled = await forge.run('stop', '-f', '-stat:running');
    expect(misspelled.code).to.equal(2);
    expect(misspelled.stderr).to.contain('the filter names stat, and no run has such a label');
    expect((await forge.run('stop', '-f', ' ')).code).to.equal(2);
    expect((await forge.run('stop')).code).to.equal(2);
    expect((await forge.run('stop', 'free', '-f', 'name:free')).code).to.equal(2);
    expect(await statesOf()).to.include({ free: 'running' });
  });

  it('starts what was queued for the host, and follows it', async () => {
    const calm = createForge({ FLOWFORGE_MAX_LOAD: '1000', FLOWFORGE_MIN_FREE_MEM: '1MiB' });
    await calm.run('run', '--queue', '--detach', '--', 'sleep', '600');
    const queued = await calm.run('run', '--queue', '--', 'echo', 'my turn');
    expect(queued.code, queued.stderr).to.equal(0);
    expect(queued.stdout).to.equal('my turn\n');
    await calm.end();

    const short = createForge({ FLOWFORGE_MIN_FREE_MEM: '1000TiB' });
    const waiting = await short.run('run', '--detach', '--name', 'hungry', '--', 'true');
    expect(waiting.stderr).to.match(/waits for its turn: \d+ MiB of memory are free, and \d+ MiB have to be/);
    expect((await short.inspect('hungry')).state).to.equal('queued');
    expect((await short.run('stop', 'hungry')).stdout).to.contain('stopped before it started');
    await short.end();
  });

  it('refuses settings of the queue that nobody can mean', async () => {
    for (const [name, value, complaint] of [
      ['FLOWFORGE_MAX_PER_LABEL', 'gpu', 'expected label:N or label=value:N'],
      ['FLOWFORGE_MIN_FREE_MEM', '5', 'a size needs a unit'],
      ['FLOWFORGE_MAX_LOAD', 'much', 'expected the load of one minute per core'],
    ] as const) {
      const other = createForge({ [name]: value });
      const begun = await other.run('daemon', 'start');
      expect(begun.code, begun.stderr).to.not.equal(0);
      expect(begun.stderr).to.contain(name).and.contain(complaint);
      await other.end();
    }
  });
});
