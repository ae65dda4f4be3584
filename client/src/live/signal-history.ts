import type { SignalSeries, TickRow } from '#protocol/gateway-api';

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

/** The columns with one more tick; a tick that is not newer than the last is left out. */
export const withTick = (columns: ChartColumns, row: TickRow, atMs: number): ChartColumns => {
  if (atMs <= (columns.atMs.at(-1) ?? 0)) return columns;
  const [, cpuPct, rssBytes] = row;
  return {
    atMs: [...columns.atMs.slice(1 - maxPoints), atMs],
    cpuPct: [...columns.cpuPct.slice(1 - maxPoints), cpuPct],
    rssBytes: [...columns.rssBytes.slice(1 - maxPoints), rssBytes],
  };
};

/** The newest value that a column of the series has, for the thresholds that are drawn. */
export const lastOf = (series: SignalSeries, name: keyof SignalSeries['columns']): number | null =>
  series.columns[name]?.findLast((value) => value !== null) ?? null;
