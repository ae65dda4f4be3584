import { expect } from 'chai';
import { type StopOutcome, type StopStep, stopTree } from '#action/kill-protocol';
import { systemClock } from '#runtime/clock';
import { fixture, type ShimmedRun, startRun, untilPrinted } from '../coordinator/shimmed-run.ts';
import { alive, levels } from './levels.ts';

const rounds = Number(process.env.FLOWFORGE_ROUNDS ?? 3);

for (const level of levels) {
  describe(`stopping a tree (${level})`, () => {
    let run: ShimmedRun | null = null;
    afterEach(async () => {
      await run?.end();
      run = null;
    });

    const start = async (argv: readonly string[], ready: string): Promise<ShimmedRun> => {
      run = await startRun(argv, { level });
      await untilPrinted(run, ready);
      return run;
    };

    for (let round = 1; round <= rounds; round += 1) {
      it(`leaves nobody of the nine scattered processes alive, round ${round}`, async () => {
        const job = await start([fixture('tree.sh'), '--timeout', '30'], 'ready');
        const members = await job.boundary.members();
        expect(alive(members)).to.have.length(9);
        const { outcome, killMs } = await stop(job, { graceMs: 100 });
        expect(outcome.kind).to.equal('verified-empty');
        expect(alive(members)).to.deep.equal([]);
        expect(killMs).to.be.lessThan(level === 'cgroup2' ? 1_000 : 3_000);
      });
    }
  });
}

const stop = async (
  run: ShimmedRun,
  options: { readonly graceMs: number; readonly storm?: boolean },
): Promise<{ readonly outcome: StopOutcome; readonly steps: readonly StopStep[]; readonly killMs: number }> => {
  const steps: StopStep[] = [];
  let killedAtMs = performance.now();
  const outcome = await stopTree({
    boundary: run.boundary,
    identity: run.pidFile.identity,
    graceMs: options.graceMs,
    clock: systemClock,
    storm: options.storm ?? false,
    onStep: async (step) => {
      steps.push(step);
      if (step.kind === 'signalled' && step.signal === 'SIGKILL') killedAtMs = performance.now();
    },
  });
  const killMs = performance.now() - killedAtMs;
  if (process.env.FLOWFORGE_PRINT === '1') console.log(`      ${killMs.toFixed(1)} ms after the boundary kill`);
  return { outcome, steps, killMs };
};
