import { expect } from 'chai';
import { renderBacktest } from '#cli/render/backtest';
import { reportOn } from '#gateway/backtest-report';
import type { Act, BacktestRun } from '#protocol/backtest';
import { parseRunId } from '#protocol/ids';
import type { SignalName } from '#protocol/signals';

const stop: Act = { atMs: 20_000, rule: 'eager', verb: 'stop', summary: '' };
const run = (name: string, missing: readonly SignalName[], candidate: Act | null = null): BacktestRun => ({
  runId: parseRunId('01HZZZZZZZZZZZZZZZZZZZZZZZ'),
  name,
  endedWell: true,
  startedAtMs: 0,
  endedAtMs: 60_000,
  ticks: 100,
  active: null,
  candidate,
  missing,
});
const runs = [
  run('differs', [], stop),
  run('silent', ['tools.repeats', 'cost.usd']),
  run('silent too', ['tools.repeats', 'cost.usd']),
  run('new here', ['progress.share_pct']),
];

describe('the report of a backtest', () => {
  it('counts what was never recorded over all runs, not over those that differ', () => {
    const { differing, missing } = reportOn(runs);
    expect(differing.map(({ name }) => name)).to.deep.equal(['differs']);
    expect(missing).to.deep.equal([
      { signal: 'tools.repeats', runs: 2 },
      { signal: 'cost.usd', runs: 2 },
      { signal: 'progress.share_pct', runs: 1 },
    ]);
  });

  it('says it before the figures, and against what they stand', () => {
    const text = renderBacktest({
      ...reportOn(runs),
      policy: 'eager.yaml',
      against: 'standard',
      sinceMs: 0,
      runs: 5,
      recorded: 4,
      tookMs: 100,
    });
    const lines = text.split('\n');
    expect(lines[1]).to.equal(
      'never recorded of 2 of 4: tools.repeats, cost.usd; rules that read them were silent there',
    );
    expect(lines[2]).to.match(/^never recorded of 1 of 4: progress\.share_pct/);
    expect(lines[3]).to.match(/^ +standard +eager\.yaml$/);
  });
});
