import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { WorkerName } from '#protocol/facts';
import type { TimelineEntry } from '#protocol/views';
import { slowness } from '../slowness.ts';
import { createForge, type Forge, isRunning, processesWith, script } from './flowforge.ts';

describe('survival', function () {
  this.timeout(120_000);
  let forge: Forge;
  beforeEach(() => {
    forge = createForge();
  });
  afterEach(() => forge.end());

  it('keeps a job, its output and its code through a kill -9 of the daemon', async () => {
    const attached = forge.start(
      'run',
      '--name',
      'printer',
      '--',
      'python3',
      script('prints_lines.py'),
      '--rate',
      '50',
      '--count',
      '1500',
      '--timeout',
      '120',
    );
    const before = await forge.until(
      'the printer to run',
      async () => (await forge.ps()).find((run) => run.state === 'running') ?? null,
    );
    const { pid } = await forge.status();
    process.kill(Number(pid), 'SIGKILL');
    const after = await forge.until('the printer to be adopted', async () => {
      const run = (await forge.ps()).find((row) => row.runId === before.runId);
      return run?.state === 'running' && run.pid === before.pid ? run : null;
    });
    expect(isRunning(Number(after.pid))).to.equal(true);
    const ended = await attached.finished;
    expect(ended.code, ended.stderr).to.equal(0);
    const logged = await forge.run('logs', before.runId);
    const numbers = logged.stdout
      .trim()
      .split('\n')
      .map((line) => Number(/\d+/.exec(line)?.[0]));
    expect(numbers).to.deep.equal(Array.from({ length: 1_500 }, (_, i) => i + 1));
    expect(ended.stdout.trim().split('\n')).to.have.length(1_500);
    expect((await forge.inspect(before.runId)).exitCode).to.equal(0);
  });

  it('ends what is left of a run that lost its main process and its shim while nobody guarded, unless it is to be spared', async () => {
    // Put together by the shell, or the command line of its shim would look like that of the sleeper.
    const job = (seconds: string) => ['--', 'sh', '-c', `setsid sleep 31.$((${seconds})) & exec sleep 300`] as const;
    await forge.run('run', '--detach', '--name', 'ended', ...job('4159'));
    await forge.run('run', '--detach', '--name', 'spared', '--keep-orphans', ...job('1828'));
    const rows = await forge.until('both to have forked', async () => {
      const all = await forge.ps();
      return all.length === 2 && ['31.4159', '31.1828'].every((sleep) => processesWith(`sleep ${sleep}`).length === 1)
        ? all
        : null;
    });
    await forge.run('daemon', 'stop');
    for (const { runId } of rows) {
      const ids = JSON.parse(readFileSync(path.join(forge.home, 'runs', runId, 'pid'), 'utf8'));
      for (const pid of [ids.shimPid, ids.pid]) process.kill(pid, 'SIGKILL');
    }
    await forge.run('daemon', 'start');
    for (const { runId } of rows) {
      await forge.until('it to be lost', async () => ((await forge.inspect(runId)).state === 'lost' ? true : null));
      expect(await forge.inspect(runId)).to.include({ adoption: 'orphans_left' });
    }
    await forge.until('the orphan to be ended', async () => processesWith('sleep 31.4159').length === 0);
    const spared = processesWith('sleep 31.1828');
    expect(spared).to.have.length(1);
    for (const pid of spared) process.kill(pid, 'SIGKILL');
  });

  it('has a daemon guarding again in 5 s when nobody looks', async () => {
    await forge.run('daemon', 'start');
    const { pid } = await forge.status();
    const killedAtMs = Date.now();
    process.kill(Number(pid), 'SIGKILL');
    const again = await forge.until(
      'another daemon',
      async () => {
        const status = await forge.status();
        return status.running && status.pid !== pid ? status : null;
      },
      5_000 * slowness(),
    );
    expect(again.pid).to.not.equal(pid);
    expect(Date.now() - killedAtMs).to.be.lessThan(5_500 * slowness());
  });

  it('replaces each worker that dies or blocks, while five jobs go on', async () => {
    await Promise.all(
      [1, 2, 3, 4, 5].map((n) =>
        forge.run(
          'run',
          '--detach',
          '--name',
          `job-${n}`,
          '--',
          'python3',
          script('prints_lines.py'),
          '--rate',
          '10',
          '--count',
          '100000',
          '--timeout',
          '90',
        ),
      ),
    );
    for (const worker of ['sampling', 'detection', 'action', 'gateway'] satisfies WorkerName[]) {
      for (const kind of ['throw', 'block']) {
        const deadAtMs = Date.now();
        // The gateway dies of it before it can answer.
        const asked = forge.post('/v1/faults', { worker, kind });
        if (worker === 'gateway') await asked.catch(() => undefined);
        else expect((await asked).status).to.be.lessThan(300);
        await forge.until(`${worker} to be back after ${kind}`, async () => {
          const entries = await systemTimeline(forge);
          const started = entries.find(
            (entry) => entry.fact.kind === 'worker-started' && entry.fact.worker === worker && entry.atMs >= deadAtMs,
          );
          return started !== undefined;
        });
      }
    }
    const entries = await systemTimeline(forge);
    expect(entries.filter((entry) => entry.fact.kind === 'worker-died')).to.have.length(8);
    const rows = await forge.until('fresh numbers of all five', async () => {
      const live = (await forge.ps()).filter(
        (run) => run.state === 'running' && run.liveAtMs !== null && Date.now() - run.liveAtMs < 3_000,
      );
      return live.length === 5 ? live : null;
    });
    expect(rows).to.have.length(5);
  });

  it('lets a job go on whose command could not be started again, instead of stopping it for a restart', async () => {
    const program = path.join(forge.home, 'job.sh');
    writeFileSync(program, '#!/bin/sh\nsleep 300\n', { mode: 0o755 });
    await forge.run('run', '--detach', '--name', 'precious', '--', program);
    renameSync(program, `${program}.away`);
    const refused = await forge.run('restart', 'precious');
    expect(refused.code).not.to.equal(0);
    expect(refused.stderr + refused.stdout)
      .to.contain('goes on')
      .and.to.contain('no such file');
    expect((await forge.inspect('precious')).state).to.equal('running');
    renameSync(`${program}.away`, program);
    expect((await forge.run('restart', 'precious')).code).to.equal(0);
  });

  it('guards on inside --no-daemon when a worker was given up, and passes on the code of the job', async () => {
    const marker = path.join(forge.home, 'go');
    const job = forge.start(
      'run',
      '--no-daemon',
      '--',
      'sh',
      '-c',
      `while [ ! -e ${marker} ]; do sleep 0.1; done; exit 4`,
    );
    let deaths = 0;
    // The eleventh in a minute is one too many for any worker: the twelfth is of a new supervisor.
    await forge.until(
      'a death after the worker was given up',
      async () => {
        const asked = await forge.post('/v1/faults', { worker: 'action', kind: 'throw' }).catch(() => null);
        if (asked?.status === 202) deaths += 1;
        return deaths >= 13;
      },
      60_000,
    );
    writeFileSync(marker, '');
    expect((await job.finished).code).to.equal(4);
  });
});

const systemTimeline = async (forge: Forge): Promise<readonly TimelineEntry[]> => {
  try {
    const reply = await forge.get('/v1/timeline?limit=500');
    return ((await reply.json()) as { items: TimelineEntry[] }).items;
  } catch {
    /* the gateway is just being replaced */
    return [];
  }
};
