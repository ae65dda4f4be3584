import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { expect } from 'chai';
import { readProcFile } from '#action/process-identity';
import { parseRunId } from '#protocol/ids';
import { openProcFiles } from '#sampling/proc-files';
import { isDead, type ProcStat } from '#sampling/proc-stat';
import { createProcessTable } from '#sampling/process-table';

const runId = parseRunId('01J00000000000000000000001');
const program = `
import subprocess, sys, os
child = subprocess.Popen(['sleep', '60'], start_new_session=True)
zombie = subprocess.Popen(['true'])
os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
block = bytearray(64 * 1024 * 1024)
print(child.pid, flush=True)
for line in sys.stdin:
    if line.strip() == 'spin':
        end = os.times().user + 0.5
        while os.times().user < end: pass
    else:
        zombie.wait(); child.kill(); child.wait()
    print('done', flush=True)
`;

import { eventually, fixture } from '../coordinator/shimmed-run.ts';

describe('the process table on real processes', () => {
  if (process.platform !== 'linux') return;
  let job: ChildProcess;
  let answers: Interface;
  let childPid = 0;

  const say = async (word: string): Promise<void> => {
    job.stdin?.write(`${word}\n`);
    await once(answers, 'line');
  };

  beforeEach(async () => {
    // In a session of its own, as jobs are: in ours are the processes of the specs that run beside this one.
    job = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    if (job.stdout === null) throw new Error('the job has no output');
    answers = createInterface({ input: job.stdout });
    const [said] = await once(answers, 'line');
    childPid = Number(String(said));
  });
  afterEach(async () => {
    for (const pid of [childPid, job.pid]) {
      try {
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
      } catch {
        /* it has ended already */
      }
    }
    if (job.exitCode === null && job.signalCode === null) await once(job, 'exit');
  });

  it('sees CPU, memory, a child in its own session, a zombie, and their end', async () => {
    const pid = job.pid ?? 0;
    const startTicks = Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19]);
    const files = openProcFiles();
    const watched = () => {
      const table = createProcessTable(files);
      table.add({
        runId,
        identity: { bootId: files.bootId, pid, startTicks },
        containment: { level: 'process-group', tag: 0 },
      });
      table.pass([runId], 0);
      return { table, first: table.pass([runId], 1000).get(runId) };
    };
    // Where `python3` is a script of a version manager, what that called may outlive its exec for a moment.
    await eventually('the program alone', () => {
      const { table, first } = watched();
      table.close();
      return first?.processes === 2 ? true : null;
    });
    const { table, first } = watched();
    expect(first).to.include({ processes: 2, zombies: 1, mainAlive: true });
    expect(first?.rssBytes).to.be.greaterThan(64 * 1024 * 1024);
    expect(first?.fds).to.be.greaterThan(2);
    await say('spin');
    expect(table.pass([runId], 2000).get(runId)?.cpuPct).to.be.greaterThan(20);
    await say('end');
    expect(table.pass([runId], 3000).get(runId)).to.include({ processes: 1, zombies: 0, ended: 1 });
    expect(table.endedCommands(runId)).to.deep.equal(['sleep']);
    job.kill('SIGKILL');
    await once(job, 'exit');
    expect(table.pass([runId], 4000).get(runId)).to.include({ processes: 0, mainAlive: false, fds: null });
    table.close();
  });

  it('sees the memory of a process whose main thread has ended, and that it lives', async () => {
    const headless = spawn(fixture('headless.py'), { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const files = openProcFiles();
    const stat = (): ProcStat | null => files.stat(headless.pid ?? 0);
    headless.stdout.resume();
    const seen = await eventually('its second thread alone', () =>
      (readProcFile(`/proc/${headless.pid}/stat`) ?? '').includes(') Z ') ? stat() : null,
    );
    expect(isDead(seen.state)).to.equal(false);
    expect(seen.rssPages * 4096).to.be.greaterThan(32 * 1024 * 1024);
    headless.kill('SIGKILL');
    await once(headless, 'exit');
    expect(stat()).to.equal(null);
    files.close();
  });
});
