import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { handleFor, openBoundary } from '#action/containment/boundary';
import { cgroupMount } from '#action/containment/cgroup-files';
import { probeContainment, remedies } from '#action/containment/probe';
import { newTag } from '#action/containment/run-mark';
import { pauseTree, resumeTree } from '#action/pause-protocol';
import { identityOf, isAlive, readStat } from '#action/process-identity';
import { limitsOfTag } from '#protocol/run-tag';
import { eventually, fixture, inLevels, startRun } from '../coordinator/shimmed-run.ts';
import { alive, levels, untilAlive } from './levels.ts';
import { stop } from './stopping.ts';

const counter = 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "tick $i"; sleep 0.01; done';

inLevels('a boundary', (level, start) => {
  it('halts the whole tree, and lets it go on', async () => {
    const run = await start(['/bin/sh', '-c', counter], 'tick');
    expect(await pauseTree(run.boundary)).to.deep.include({ kind: 'paused' });
    expect(await run.boundary.isFrozen()).to.equal(true);
    const halted = run.stdout();
    expect((await run.boundary.members()).length).to.be.greaterThan(0);
    expect(run.stdout()).to.equal(halted);
    expect(await resumeTree(run.boundary)).to.deep.include({ kind: 'resumed' });
    expect(await run.boundary.isFrozen()).to.equal(false);
    await eventually('more output', () => (run.stdout().length > halted.length ? true : null));
  });

  it('halts a parent that waits, deaf, for its vforked child to become another program', async () => {
    const run = await start([fixture('vforker.py')], 'ready');
    for (let round = 1; round <= 5; round += 1) {
      await untilAlive(run.boundary, 2);
      expect((await pauseTree(run.boundary)).kind).to.equal('paused');
      expect(await run.boundary.isFrozen()).to.equal(true);
      await resumeTree(run.boundary);
    }
  });

  it('halts and ends a process that goes on without its main thread, which the kernel calls a zombie', async () => {
    const run = await start([fixture('headless.py')], 'tick\ntick');
    expect(await run.boundary.isEmpty()).to.equal(false);
    expect(await pauseTree(run.boundary)).to.deep.equal({ kind: 'paused', processes: 1 });
    expect(await run.boundary.isFrozen()).to.equal(true);
    const halted = run.stdout();
    await resumeTree(run.boundary);
    await eventually('more output', () => (run.stdout().length > halted.length ? true : null));
    expect((await stop(run, { graceMs: 50 })).outcome).to.deep.include({ kind: 'verified-empty', killed: 1 });
    expect(isAlive(run.pidFile.identity)).to.equal(false);
  });

  it('may be halted and resumed twice', async () => {
    const run = await start([fixture('tree.sh')], 'ready');
    await pauseTree(run.boundary);
    expect(await pauseTree(run.boundary)).to.deep.equal({ kind: 'paused', processes: 9 });
    await resumeTree(run.boundary);
    expect((await resumeTree(run.boundary)).processes).to.be.at.least(8);
  });

  it('ends a halted tree at SIGTERM', async () => {
    const run = await start(['/bin/sh', '-c', 'trap "echo bye; exit 5" TERM; echo ready; sleep 30 & wait'], 'ready');
    await pauseTree(run.boundary);
    expect((await stop(run, { graceMs: 10_000 })).outcome.kind).to.equal('verified-empty');
    expect(run.stdout()).to.contain('bye');
  });

  it('never touches what a forged pid file points at, and does not claim that it is gone', async () => {
    const run = await start(['/bin/sh', '-c', 'echo ready; exec sleep 30'], 'ready');
    const decoy = spawn('sleep', ['30'], { stdio: 'ignore', detached: true });
    const identity = identityOf(decoy.pid ?? 0);
    if (identity === null) throw new Error('the decoy is gone');
    const boundary = openBoundary(run.handle, identity);
    for (let attempt = 1; attempt <= (level === 'cgroup2' ? 100 : 10); attempt += 1) {
      await boundary.signal('SIGTERM');
      await boundary.freeze();
      await boundary.thaw();
    }
    const { outcome } = await stop({ boundary, pidFile: { ...run.pidFile, identity } }, { graceMs: 50 });
    expect(outcome).to.deep.include({ kind: 'incomplete' });
    expect(outcome.kind === 'incomplete' && outcome.survivors.map(({ pid }) => pid)).to.deep.equal([decoy.pid]);
    expect(readStat(decoy.pid ?? 0)).to.include({ isZombie: false, isStopped: false });
    decoy.kill('SIGKILL');
  });

  it('finds the job although its shim was killed', async () => {
    const run = await start([fixture('tree.sh')], 'ready');
    process.kill(run.pidFile.shim.pid, 'SIGKILL');
    await eventually('the end of the shim', () => (isAlive(run.pidFile.shim) ? null : true));
    expect(alive(await run.boundary.members())).to.have.length(9);
    expect((await stop(run, { graceMs: 0 })).outcome).to.deep.include({ kind: 'verified-empty', killed: 9 });
    expect(existsSync(`${run.runDir}/exit`)).to.equal(false);
  });

  it('does not count the shim as part of the job', async () => {
    const run = await start(['/bin/sh', '-c', 'echo ready; exec sleep 30'], 'ready');
    expect((await run.boundary.members()).map(({ pid }) => pid)).to.deep.equal([run.pidFile.identity.pid]);
  });
});

describe('a process that left the cgroup of its run', () => {
  // As container engines do for theirs; where the kernel keeps no list there is nothing to leave.
  const leaver = (mount: string): string =>
    `sh -c 'echo $$ > ${mount}/cgroup.procs; while :; do echo out; sleep 0.02; done' & echo $$; exec sleep 30`;

  it('is halted, let go on and ended with those inside', async function () {
    const mount = cgroupMount(readFileSync('/proc/mounts', 'utf8'));
    if (!levels.includes('cgroup2') || mount === null) return this.skip();
    const run = await startRun(['/bin/sh', '-c', leaver(mount)], { level: 'cgroup2' });
    const grows = async (): Promise<void> => {
      const before = run.stdout().length;
      await eventually('more output', () => (run.stdout().length > before ? true : null));
    };
    await eventually('the stray', () => (run.stdout().includes('out') ? true : null));
    expect((await pauseTree(run.boundary)).kind).to.equal('paused');
    expect(await run.boundary.isFrozen()).to.equal(true);
    await resumeTree(run.boundary);
    await grows();
    process.kill(run.pidFile.identity.pid, 'SIGKILL');
    await run.exit();
    expect(await run.boundary.isEmpty()).to.equal(false);
    expect((await run.boundary.findLeft()).length).to.be.greaterThan(0);
    await grows();
    const { outcome } = await stop(run, { graceMs: 0 });
    expect(outcome.kind).to.equal('verified-empty');
    expect(outcome.kind === 'verified-empty' && outcome.killed).to.be.greaterThan(0);
    const ended = run.stdout();
    expect(await run.boundary.findLeft()).to.deep.equal([]);
    expect(run.stdout()).to.equal(ended);
    await run.end();
  });
});

describe('containment that fails while the run is alive', () => {
  const lost = { level: 'cgroup2', cgroupDir: '/sys/fs/cgroup/flowforge-gone' } as const;

  it('falls to the tag scan, says so, and still ends everybody', async () => {
    const run = await startRun(['/bin/sh', fixture('tree.sh')], { level: 'tag-scan' });
    const boundary = openBoundary({ ...lost, tag: run.handle.tag }, run.pidFile.identity);
    await eventually('ready', () => (run.stdout().includes('ready') ? true : null));
    const { outcome, steps } = await stop({ ...run, boundary }, { graceMs: 0 });
    expect(outcome).to.deep.include({ kind: 'verified-empty', killed: 9 });
    expect(boundary.level()).to.equal('tag-scan');
    expect(steps.find((step) => step.kind === 'fell-back')).to.include({ to: 'tag-scan' });
    await run.end();
  });

  it('does not believe an empty cgroup which the job never entered', async function () {
    if (!levels.includes('cgroup2')) this.skip();
    const run = await startRun(['sleep', '30'], { level: 'tag-scan' });
    const empty = await startRun(['true'], { level: 'cgroup2' });
    await empty.exit();
    const boundary = openBoundary({ ...empty.handle, tag: run.handle.tag }, run.pidFile.identity);
    expect(boundary.fallback()?.why).to.contain('could not enter');
    expect(await boundary.isEmpty()).to.equal(false);
    await run.end();
    await empty.end();
  });
});

describe('the process group as the last resort', () => {
  it('ends what it can see, and names who escaped', async () => {
    const run = await startRun(['/bin/sh', fixture('tree.sh'), '--timeout', '20'], { level: 'process-group' });
    await eventually('ready', () => (run.stdout().includes('ready') ? true : null));
    const { outcome } = await stop(run, { graceMs: 0 });
    expect(outcome.kind === 'incomplete' && outcome.survivors.map(({ command }) => command)).to.have.members([
      '/bin/sh -c /bin/sleep 20 & wait',
      '/bin/sleep 20',
    ]);
    await openBoundary({ level: 'tag-scan', tag: run.handle.tag }, run.pidFile.identity).kill(3_000);
    await run.end();
  });
});

describe('the containment probe', () => {
  it('finds what this machine gives, and how', async () => {
    const probe = await probeContainment({});
    expect(probe.level).to.equal(levels[0]);
    expect(probe.why).not.to.equal('');
  });

  it('goes no higher than FLOWFORGE_CONTAINMENT', async () => {
    const probe = await probeContainment({ FLOWFORGE_CONTAINMENT: 'tag-scan' });
    expect(probe.level).to.equal('tag-scan');
    expect(probe.better).to.deep.equal([
      {
        level: 'cgroup2',
        whyNot: 'FLOWFORGE_CONTAINMENT=tag-scan asks for no more',
        command: 'unset FLOWFORGE_CONTAINMENT',
      },
    ]);
  });

  it('offers a command for a cgroup that works while a daemon runs, too', () => {
    expect(remedies.cgroup2).to.match(/^systemd-run --user --scope -p Delegate=yes flowforge daemon restart$/);
  });

  it('finds the hierarchy wherever it is mounted', () => {
    const mounts = 'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup2 /mnt/my\\040groups cgroup2 rw 0 0\n';
    expect(cgroupMount(mounts)).to.equal('/mnt/my groups');
    expect(cgroupMount('cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0')).to.equal(null);
  });
});

describe('the mark of a run', () => {
  it('stays below the default limit, so that setting it needs no privilege', () => {
    for (let count = 0; count < 1_000; count += 1) {
      const { soft, hard } = limitsOfTag(newTag());
      expect(soft).to.be.within(400_000, 599_999);
      expect(hard).to.be.within(600_000, 819_199);
    }
  });

  it('is the same pair in the shim, for any tag', async () => {
    for (const tag of [0, 219_199, 219_200, 43_839_999_999, Number.MAX_SAFE_INTEGER]) {
      const { soft, hard } = limitsOfTag(tag);
      const sum = `echo $((400000 + ${tag} / 219200 % 200000)):$((600000 + ${tag} % 219200))`;
      const shell = spawn('/bin/sh', ['-c', sum]);
      const [line] = await new Promise<Buffer[]>((resolve) => shell.stdout.once('data', (data) => resolve([data])));
      expect(String(line).trim()).to.equal(`${soft}:${hard}`);
    }
  });

  it('holds the cgroup of a run where there is one, and the tag in any case', () => {
    expect(handleFor('tag-scan', { runId: 'a', tag: 7 })).to.deep.equal({ level: 'tag-scan', tag: 7 });
    if (levels.includes('cgroup2')) expect(handleFor('cgroup2', { runId: 'a', tag: 7 })).to.include({ tag: 7 });
  });
});
