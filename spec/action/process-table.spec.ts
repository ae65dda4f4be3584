import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { readProcessTable } from '#action/containment/process-table';
import { newTag } from '#action/containment/run-mark';
import { startRun } from '../coordinator/shimmed-run.ts';

describe('the process table', () => {
  it('is read once for all who ask within a moment, and shows who came since', async () => {
    const table = readProcessTable();
    const child = spawn('sleep', ['30'], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('spawn', resolve));
    expect(table.stats().map(({ pid }) => pid)).to.include(child.pid);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  });

  it('shows processes alone, not the threads of those that came since', () => {
    const table = readProcessTable();
    const pids = table.stats().map(({ pid }) => pid);
    expect(pids).to.include(process.pid);
    expect(new Set(pids).size).to.equal(pids.length);
  });

  it('knows the tag of a run and its cookie, and nobody else has them', async () => {
    const run = await startRun(['sleep', '30'], { level: 'tag-scan' });
    const table = readProcessTable();
    const carriers = table.stats().filter((stat) => table.tagOf(stat) === run.handle.tag);
    expect(carriers.map(({ pid }) => pid)).to.deep.equal([run.pidFile.identity.pid]);
    const other = newTag();
    expect(table.stats().filter((stat) => table.tagOf(stat) === other)).to.deep.equal([]);
    await run.end();
  });
});
