import { expect } from 'chai';
import { type Ending, exitCodeOf } from '#cli/exit-code';
import { whatNext } from '#cli/what-next';
import { parseRunId } from '#protocol/ids';
import { runId, storyOfAStop } from './story-of-a-stop.ts';

const ended = (ending: Partial<Ending>): Ending => ({
  state: 'exited',
  exitCode: 0,
  signal: null,
  stopCause: null,
  ...ending,
});

describe('the exit code of `run`', () => {
  const table: readonly [string, Ending, number][] = [
    ["the child's own", ended({ exitCode: 7 }), 7],
    ["the child's 128+n when a signal ended it", ended({ exitCode: 139, signal: 'SIGSEGV' }), 139],
    ['128+n where only the signal is known', ended({ exitCode: null, signal: 'SIGKILL' }), 137],
    [
      '124 when a policy stopped it',
      ended({ state: 'stopped', exitCode: 143, signal: 'SIGTERM', stopCause: 'policy' }),
      124,
    ],
    [
      '124 when a limit stopped it, even when it ended well in its grace',
      ended({ state: 'stopped', exitCode: 0, stopCause: 'limit' }),
      124,
    ],
    ['124 when a budget stopped it', ended({ state: 'stopped', exitCode: 137, stopCause: 'budget' }), 124],
    ["the child's own after its user stopped it", ended({ state: 'stopped', exitCode: 143, stopCause: 'user' }), 143],
    [
      "the child's own when FlowForge was told to end with its jobs",
      ended({ state: 'stopped', exitCode: 143, stopCause: 'shutdown' }),
      143,
    ],
    ['127 when there is no such command', ended({ state: 'failed', exitCode: 127 }), 127],
    ['125 when its end is unknown', ended({ state: 'lost', exitCode: null }), 125],
  ];
  for (const [title, ending, code] of table) it(`is ${title}`, () => expect(exitCodeOf(ending)).to.equal(code));
});

describe('what an attached run does next', () => {
  const { run } = storyOfAStop();
  const nextRunId = parseRunId('01JZZZZZZZZZZZZZZZZZZZZZZ9');

  it('ends once the run is settled and nothing follows', () => {
    expect(whatNext(run)).to.deep.equal({ kind: 'ended', exitCode: 124 });
  });

  it('waits while the run is over but not settled, and while a restart is announced', () => {
    expect(whatNext({ ...run, settled: false })).to.deep.equal({ kind: 'wait' });
    expect(whatNext({ ...run, settled: false, restartDueAtMs: 1 })).to.deep.equal({ kind: 'wait' });
  });

  it('follows the job into its next run', () => {
    expect(whatNext({ ...run, nextRunId })).to.deep.equal({ kind: 'follow', runId: nextRunId });
    expect(nextRunId).not.to.equal(runId);
  });
});
