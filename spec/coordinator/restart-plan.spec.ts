import { expect } from 'chai';
import { type EndedRun, planRestart, restartWindowMs, waitFor } from '#coordinator/restart-plan';
import type { RunView } from '#protocol/views';

const view = (over: Partial<RunView>): RunView =>
  ({
    state: 'exited',
    exitCode: 1,
    signal: null,
    stopCause: null,
    stopReason: null,
    survivors: 0,
    restart: { mode: 'on-failure', max: 3 },
    ...over,
  }) as RunView;
const ended = (over: Partial<RunView>, rest: Partial<EndedRun> = {}): EndedRun => ({
  view: view(over),
  restartAsked: null,
  restartBudget: null,
  restartsAtMs: [],
  nowMs: 1_000_000,
  chance: 0.5,
  ...rest,
});

describe('what follows the end of a run', () => {
  it('restarts a crash after a second, then two, then four', () => {
    const delays = [0, 1, 2].map((n) => planRestart(ended({}, { restartsAtMs: Array(n).fill(999_000) })));
    expect(delays.map((plan) => plan.kind === 'restart' && plan.delayMs)).to.deep.equal([1_000, 2_000, 4_000]);
  });
  it('quarantines a job that used up its restarts, and forgets those outside the window', () => {
    expect(planRestart(ended({}, { restartsAtMs: [1, 2, 3].map((n) => 999_000 + n) })).kind).to.equal('quarantine');
    expect(planRestart(ended({}, { nowMs: restartWindowMs + 10_000, restartsAtMs: [1, 2, 3] })).kind).to.equal(
      'restart',
    );
  });
  it('leaves a success, a stop by its user and a hopeless code alone', () => {
    expect(planRestart(ended({ exitCode: 0 })).kind).to.equal('none');
    expect(planRestart(ended({ state: 'stopped', stopCause: 'user' })).kind).to.equal('none');
    expect(planRestart(ended({ exitCode: 127 })).kind).to.equal('none');
    expect(planRestart(ended({ restart: { mode: 'no', max: 0 } })).kind).to.equal('none');
  });
  it('restarts at once and uncounted when a person asks', () => {
    const plan = planRestart(
      ended(
        { state: 'stopped', stopCause: 'user' },
        { restartAsked: 'user', restartsAtMs: [1, 2, 3, 4].map((n) => 999_000 + n) },
      ),
    );
    expect(plan).to.include({ kind: 'restart', delayMs: 0, cause: 'user' });
  });
  it('restarts what a ladder asked for, within the budget', () => {
    expect(
      planRestart(
        ended({ state: 'stopped', stopCause: 'policy', restart: { mode: 'no', max: 0 } }, { restartAsked: 'policy' }),
      ).kind,
    ).to.equal('restart');
  });
  it('holds a ladder to what its policy says of restarts, and a crash to what was asked for the job', () => {
    const restartBudget = { max: 1, withinMs: 60_000, initialDelayMs: 5_000, factor: 3, maxDelayMs: 8_000, jitter: 0 };
    const stopped = { state: 'stopped', stopCause: 'policy', restart: { mode: 'no', max: 0 } } as const;
    const asked = (restartsAtMs: readonly number[]) =>
      planRestart(ended(stopped, { restartAsked: 'policy', restartBudget, restartsAtMs, chance: 0 }));
    expect(asked([])).to.include({ kind: 'restart', delayMs: 5_000 });
    expect(asked([999_000])).to.include({ kind: 'quarantine', restarts: 1, windowMs: 60_000 });
    expect(asked([900_000]), 'outside the window').to.include({ kind: 'restart' });
    expect(planRestart(ended({}, { restartBudget }))).to.include({ kind: 'restart', delayMs: 1_000 });
  });
  it('never restarts beside survivors', () => {
    expect(planRestart(ended({ survivors: 2 })).kind).to.equal('quarantine');
    const asked = ended({ state: 'stopped', stopCause: 'user', survivors: 1 }, { restartAsked: 'user' });
    expect(planRestart(asked).kind, 'whoever asks').to.equal('quarantine');
  });

  it('waits for what is left of a delay, and never for longer than a delay lasts when the clock was set back', () => {
    expect(waitFor(5_000, 4_000)).to.equal(1_000);
    expect(waitFor(5_000, 9_000)).to.equal(0);
    expect(waitFor(5_000 + 3_600_000, 5_000)).to.equal(72_000);
  });
});
