import { expect } from 'chai';
import { isAlive } from '#action/process-identity';
import { lookAtRun } from '#coordinator/adoption';
import { eventually, inLevels } from './shimmed-run.ts';

inLevels('a run whose main process and shim were killed', (_level, start) => {
  it('has left orphans while any of its tree lives, and an unknown exit after that', async () => {
    const run = await start(['/bin/sh', '-c', 'setsid sleep 300 & echo ready; exec sleep 300'], 'ready');
    const { pidFile, runDir, handle } = run;
    expect(lookAtRun(runDir, handle).outcome).to.equal('adopted');
    process.kill(pidFile.shim.pid, 'SIGKILL');
    process.kill(pidFile.identity.pid, 'SIGKILL');
    await eventually('both to be gone', () => ([pidFile.shim, pidFile.identity].some(isAlive) ? null : true));
    expect(lookAtRun(runDir, handle)).to.deep.include({
      outcome: 'orphans_left',
      detail: 'its process is gone and nobody wrote down how it ended; 1 of its tree lives on',
    });
    expect(await run.boundary.kill(2_000)).to.deep.equal([]);
    expect(lookAtRun(runDir, handle).outcome).to.equal('exit_unknown');
  });
});
