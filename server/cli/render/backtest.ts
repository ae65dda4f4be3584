import type { Act, BacktestReport, BacktestRun } from '#protocol/backtest';

const mostShown = 40;

/** Coverage first: what is not recorded cannot be judged. Then the difference, jobs that finished well before all others. */
export const renderBacktest = (report: BacktestReport): string => {
  const { acts, wellAndHit, medianToActMs, differing, runs, recorded, missing } = report;
  return [
    `recorded ${recorded} of ${runs} runs (${percentOf(recorded, runs)}), ${report.ticks} ticks, replayed in ${(report.tookMs / 1000).toFixed(1)} s`,
    ...coverageOf(missing, recorded),
    `${''.padEnd(24)}${report.against.slice(0, 24).padStart(26)}${report.policy.slice(0, 24).padStart(26)}`,
    `${'stopped/paused'.padEnd(24)}${String(acts.active).padStart(26)}${String(acts.candidate).padStart(26)}   +${acts.gained} new  -${acts.lost} lost`,
    `${'finished well and hit'.padEnd(24)}${String(wellAndHit.active).padStart(26)}${String(wellAndHit.candidate).padStart(26)}`,
    `${'median time to act'.padEnd(24)}${duration(medianToActMs.active).padStart(26)}${duration(medianToActMs.candidate).padStart(26)}`,
    ...differing.slice(0, mostShown).map(sentenceOf),
    ...(differing.length > mostShown ? [`… and ${differing.length - mostShown} more (--json has all)`] : []),
    'Runs that were started in shadow are judged as if they were not.',
    'Exact up to the first act that differs: after it, what the job would have done is not known.',
  ].join('\n');
};

/** Signals that lack in equally many runs come from the same source, and stand in one line. */
const coverageOf = (missing: BacktestReport['missing'], recorded: number): readonly string[] => {
  const counts = [...new Set(missing.map(({ runs }) => runs))];
  return counts.map((count) => {
    const names = missing.flatMap(({ signal, runs }) => (runs === count ? [signal] : []));
    return `never recorded of ${count} of ${recorded}: ${names.join(', ')}; rules that read them were silent there`;
  });
};

const sentenceOf = (run: BacktestRun): string => {
  const { candidate, active, endedWell, name, endedAtMs } = run;
  const mark =
    candidate !== null && active === null
      ? endedWell
        ? '!! new '
        : 'new    '
      : candidate === null
        ? 'lost   '
        : 'other  ';
  const before =
    endedWell && candidate !== null && endedAtMs !== null
      ? `, ${duration(endedAtMs - candidate.atMs)} before it succeeded`
      : '';
  return `${mark} ${name} ${run.runId}  ${actWords(active)} → ${actWords(candidate)}${before}`;
};

const actWords = (act: Act | null): string =>
  act === null ? 'nothing' : `${act.verb} by ${act.rule} at ${new Date(act.atMs).toISOString().slice(0, 19)}`;

const percentOf = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(0)} %`;

const duration = (ms: number | null): string => {
  if (ms === null) return '-';
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
};
