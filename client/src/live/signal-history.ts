import type { SignalSeries } from '#protocol/gateway-api';

const maxPoints = 7200;

/** The two charts of a run as columns, oldest first; bounded at two hours of ticks. */
export interface ChartColumns {
  readonly atMs: readonly number[];
  readonly cpuPct: readonly (number | null)[];
  readonly rssBytes: readonly (number | null)[];
}

export const noColumns: ChartColumns = { atMs: [], cpuPct: [], rssBytes: [] };

export const columnsOf = (series: SignalSeries): ChartColumns => ({
  atMs: series.atMs.slice(-maxPoints),
  cpuPct: (series.columns['cpu.pct'] ?? series.atMs.map(() => null)).slice(-maxPoints),
  rssBytes: (series.columns['mem.rss'] ?? series.atMs.map(() => null)).slice(-maxPoints),
});

/** The columns with one more moment; one that is not newer than the last is left out. */
export const withMoment = (
  columns: ChartColumns,
  moment: { readonly atMs: number; readonly cpuPct: number | null; readonly rssBytes: number | null },
): ChartColumns => {
  if (moment.atMs <= (columns.atMs.at(-1) ?? 0)) return columns;
  return {
    atMs: [...columns.atMs.slice(1 - maxPoints), moment.atMs],
    cpuPct: [...columns.cpuPct.slice(1 - maxPoints), moment.cpuPct],
    rssBytes: [...columns.rssBytes.slice(1 - maxPoints), moment.rssBytes],
  };
};

/** The newest value that a column of the series has, for the thresholds that are drawn. */
export const lastOf = (series: SignalSeries, name: keyof SignalSeries['columns']): number | null =>
  series.columns[name]?.findLast((value) => value !== null) ?? null;
