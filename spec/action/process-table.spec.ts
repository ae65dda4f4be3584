import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { type ProcessTable, readProcessTable } from '#action/containment/process-table';
import { newTag } from '#action/containment/run-mark';
import { readProcFile } from '#action/process-identity';
import { eventually, startRun } from '../coordinator/shimmed-run.ts';

const pidsIn = (table: ProcessTable): readonly number[] => Array.from(table.processes.all(), ({ pid }) => pid);

describe('the process table', () => {
  it('is read once for all who ask within a moment, and shows who came since', async () => {
    const table = readProcessTable();
    const child = spawn('sleep', ['30'], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('spawn', resolve));
    const again = readProcessTable();
    expect(pidsIn(again)).to.include(child.pid);
    expect(again).to.equal(table);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  });

  it('shows processes alone, not the threads of those that came since', () => {
    const table = readProcessTable();
    const pids = pidsIn(table);
    expect(pids).to.include(process.pid);
    expect(new Set(pids).size).to.equal(pids.length);
  });

  it('knows the tag of a run and its cookie, and nobody else has them', async () => {
    const run = await startRun(['sleep', '30'], { level: 'tag-scan' });
    const { pid } = run.pidFile.identity;
    // Until then it is a shell that prepares the job, and what it calls for that bears the mark too.
    await eventually('the job to run', () => (readProcFile(`/proc/${pid}/comm`) === 'sleep\n' ? true : null));
    const table = readProcessTable();
    expect(table.tagged(run.handle.tag).map((carrier) => carrier.pid)).to.deep.equal([pid]);
    expect(table.tagged(newTag())).to.deep.equal([]);
    const withCookie = [...table.processes.all()].filter((stat) => table.cookieOf(stat) === run.handle.tag);
    expect(withCookie.map((carrier) => carrier.pid)).to.include(pid);
    await run.end();
  });
});
