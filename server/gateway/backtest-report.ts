import type { Act, BacktestReport, BacktestRun } from '#protocol/backtest';
import type { SignalName } from '#protocol/signals';

type Figures = Pick<BacktestReport, 'differing' | 'missing' | 'acts' | 'wellAndHit' | 'medianToActMs' | 'ticks'>;

/** What a person must see first stands first: jobs that finished well and would not have. */
export const reportOn = (runs: readonly BacktestRun[]): Figures => {
  const well = runs.filter(({ endedWell }) => endedWell);
  const count = (some: readonly BacktestRun[], holds: (run: BacktestRun) => boolean): number =>
    some.filter(holds).length;
  return {
    differing: runs.filter(isDiffering).toSorted((a, b) => rank(a) - rank(b) || a.startedAtMs - b.startedAtMs),
    missing: missingIn(runs),
    acts: {
      active: count(runs, ({ active }) => active !== null),
      candidate: count(runs, ({ candidate }) => candidate !== null),
      gained: count(runs, ({ active, candidate }) => active === null && candidate !== null),
      lost: count(runs, ({ active, candidate }) => active !== null && candidate === null),
    },
    wellAndHit: {
      active: count(well, ({ active }) => active !== null),
      candidate: count(well, ({ candidate }) => candidate !== null),
      gained: count(well, ({ active, candidate }) => active === null && candidate !== null),
    },
    medianToActMs: { active: medianToAct(runs, 'active'), candidate: medianToAct(runs, 'candidate') },
    ticks: runs.reduce((sum, { ticks }) => sum + ticks, 0),
  };
};

/** Of all runs: one in which a rule was silent for lack of a signal is no run in which it differs. */
const missingIn = (runs: readonly BacktestRun[]): BacktestReport['missing'] => {
  const counts = new Map<SignalName, number>();
  for (const { missing } of runs) for (const signal of missing) counts.set(signal, (counts.get(signal) ?? 0) + 1);
  return [...counts].map(([signal, lacking]) => ({ signal, runs: lacking })).toSorted((a, b) => b.runs - a.runs);
};

const isDiffering = ({ active, candidate }: BacktestRun): boolean => wordsOf(active) !== wordsOf(candidate);
const wordsOf = (act: Act | null): string => (act === null ? '' : `${act.rule} ${act.verb}`);

const rank = ({ endedWell, active, candidate }: BacktestRun): number => {
  if (candidate !== null && active === null) return endedWell ? 0 : 1;
  return candidate === null ? 2 : 3;
};

const medianToAct = (runs: readonly BacktestRun[], side: 'active' | 'candidate'): number | null => {
  const waits = runs
    .flatMap((run) => {
      const act = run[side];
      return act === null ? [] : [act.atMs - run.startedAtMs];
    })
    .sort((a, b) => a - b);
  return waits[Math.floor(waits.length / 2)] ?? null;
};
