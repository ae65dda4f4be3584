import { expect } from 'chai';
import { createPolicyControl } from '#coordinator/policy-control';
import { createRunTable, pauserAfter, type RunRecord } from '#coordinator/run-table';
import type { Fact, FactBody } from '#protocol/facts';
import { parseRunId, type RunId } from '#protocol/ids';
import type { ActionMessage } from '#protocol/messages';
import { createManualClock } from '#runtime/clock';

const [first, second] = [parseRunId('01M82V26MV1QWM6P4B1QF5HD81'), parseRunId('01M82V26MV1QWM6P4B1QF5HD82')];

const pausedBy = (runId: RunId, rule: string | null): RunRecord =>
  ({
    spec: { runId },
    view: { state: 'paused' },
    pausedBy: rule,
    extra: new Map(),
    extensions: new Map(),
  }) as unknown as RunRecord;

const controlOf = (...records: readonly RunRecord[]) => {
  const ordered: ActionMessage[] = [];
  const said: FactBody[] = [];
  const table = createRunTable();
  for (const record of records) table.add(record);
  const control = createPolicyControl({
    clock: createManualClock(),
    fleet: { table },
    policies: { apply: async () => null, rollback: async () => null, active: () => [] },
    orderAction: (message) => void ordered.push(message),
    tellDetection: () => undefined,
    spending: { extension: () => null, extend: () => undefined },
    say: (body) => void said.push(body),
  });
  const resumed = (): string[] =>
    ordered.flatMap((one) => (one.kind === 'resume-requested' ? [one.runId as string] : []));
  return { control, resumed, said };
};
const wish = { budget: 'per-job', more: { usd: 5, tokens: 2e6 }, by: 'cli', reason: '', requestId: 'r' } as const;

describe('a budget that is extended', () => {
  it('lets the run go on that it had paused', async () => {
    const { control, resumed, said } = controlOf(pausedBy(first, 'budget.per-job'));
    await control.extendBudget({ ...wish, runId: first });
    expect(said[0]).to.include({ kind: 'budget-extended', extraUsd: 5, extraTokens: 2e6, times: 1 });
    expect(resumed()).to.deep.equal([first]);
  });

  it('leaves a run halted that a person or another rule has paused', async () => {
    for (const rule of [null, 'tool-loop', 'budget.per-day']) {
      const { control, resumed, said } = controlOf(pausedBy(first, rule));
      await control.extendBudget({ ...wish, runId: first });
      expect(said.map(({ kind }) => kind)).to.deep.equal(['budget-extended']);
      expect(resumed(), String(rule)).to.deep.equal([]);
    }
  });

  it('lets of all runs only those go on that it had paused, where it is one of the fleet', async () => {
    const { control, resumed } = controlOf(pausedBy(first, null), pausedBy(second, 'budget.per-job'));
    await control.extendFleetBudget({ ...wish, untilMs: 1 });
    expect(resumed()).to.deep.equal([second]);
  });

  it('is told who paused by the newest pause that nobody has ended', () => {
    const facts = [
      { kind: 'run-paused', byRule: 'budget.per-job' },
      { kind: 'run-resumed' },
      { kind: 'run-paused', byRule: null },
    ] as unknown as readonly Fact[];
    const after = (count: number) => facts.slice(0, count).reduce(pauserAfter, null as string | null);
    expect([1, 2, 3].map(after)).to.deep.equal(['budget.per-job', null, null]);
  });
});
