import { expect } from 'chai';
import type { TimelineEntry } from '#protocol/views';
import { slowness } from '../slowness.ts';
import { createForge, type Finished, type Forge, processesOf, script } from './flowforge.ts';

describe('the main job', function () {
  this.timeout(120_000);
  let forge: Forge;
  let looper: Promise<Finished>;
  let shadow: Promise<Finished>;
  let healthy: Promise<readonly Finished[]>;

  // All at once, as they would run overnight: more full cores are wanted than there are, and each is judged by itself.
  before(async () => {
    forge = createForge();
    await forge.run('daemon', 'start');
    const loop = ['--', 'python3', script('infinite_looper.py'), '--timeout'];
    looper = forge.run('run', '--name', 'looper', ...loop, '60');
    shadow = forge.run('run', '--name', 'shadow', '--shadow-mode', ...loop, '20');
    healthy = Promise.all(
      [
        ['healthy_spike.py'],
        ['training_loop.py', '--timeout', '14'],
        ['progress_bar.py', '--timeout', '14'],
        ['heartbeat_service.py', '--timeout', '14'],
      ].map(([name = '', ...args]) => forge.run('run', '--name', name, '--', 'python3', script(name), ...args)),
    );
  });
  after(() => forge.end());

  it('stops a spinning, repeating script within 20 s with code 124, and says why with numbers', async () => {
    const ended = await looper;
    expect(ended.code, ended.stderr).to.equal(124);
    expect(ended.tookMs).to.be.lessThan(20_000 * slowness());
    expect(ended.stdout.split('\n')[0]).to.equal('processing request 4242 failed, retrying endlessly');
    expect(ended.stderr.trim().split('\n')).to.have.length(4);
    const why = await forge.run('why', 'looper');
    expect(why.stdout)
      .to.match(/cpu/i)
      .and.to.match(/processing request 4242 failed/)
      .and.to.match(/progress/i);
    expect(why.stdout).to.match(/\d+(\.\d+)? ?%/);
    const incident = (await forge.incidents()).find((one) => one.rule === 'cpu-and-repeating' && one.name === 'looper');
    expect(incident).to.include({ action: 'stop', enforced: true, state: 'closed' });
  });

  it('leaves healthy programs alone', async () => {
    const ended = await healthy;
    expect(
      ended.map((end) => end.code),
      ended.map((end) => end.stderr).join(),
    ).to.deep.equal([0, 0, 0, 0]);
    const loud = (await forge.incidents()).filter((one) => one.name.endsWith('.py') && one.severity !== 'info');
    expect(loud).to.deep.equal([]);
  });

  it('never touches a looper in shadow mode, and records what it would have done', async () => {
    const ended = await shadow;
    expect(ended.code, ended.stderr).to.equal(0);
    const held = (await timelineOf(forge, 'shadow')).filter(
      (entry) => entry.fact.kind === 'decision-made' && !entry.fact.enforced,
    );
    expect(held.map((entry) => entry.fact.kind === 'decision-made' && entry.fact.wouldDo)).to.include('stop');
    expect(processesOf(forge.home)).to.deep.equal([]);
  });

  it('stops a leaker that ignores SIGTERM at its memory limit', async () => {
    const leaker = await forge.run(
      'run',
      '--name',
      'leaker',
      '--max-mem',
      '200MiB',
      '--',
      'python3',
      script('memory_leaker.py'),
      '--rate-mb',
      '200',
      '--ignore-term',
      '--timeout',
      '30',
    );
    expect(leaker.code, leaker.stderr).to.equal(124);
    const decision = (await timelineOf(forge, 'leaker')).find((entry) => entry.fact.kind === 'decision-made');
    const rss = decision?.fact.kind === 'decision-made' ? Number(decision.fact.numbers['mem.rss']) : Number.NaN;
    expect(rss)
      .to.be.greaterThan(200 * 1024 ** 2)
      .and.at.most(270 * 1024 ** 2);
  });

  it('passes the code of a crash through and leaves no process of it alive', async () => {
    const spawner = await forge.run(
      'run',
      '--name',
      'spawner',
      '--',
      'python3',
      script('zombie_spawner.py'),
      '--timeout',
      '30',
    );
    expect(spawner.code).to.be.greaterThan(0).and.not.equal(124);
    await forge.until('the spawner to leave nothing', async () => processesOf(forge.home).length === 0, 1_000);
  });
});

const timelineOf = async (forge: Forge, name: string): Promise<readonly TimelineEntry[]> => {
  const run = await forge.inspect(name);
  const reply = await forge.get(`/v1/runs/${run.runId}/timeline?limit=200`);
  return ((await reply.json()) as { items: TimelineEntry[] }).items;
};
