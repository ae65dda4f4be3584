import type { SignalSeries } from '#protocol/gateway-api';
import { signalNames, signals } from '#protocol/signals';
import type { RecordedRow } from './recordings.ts';

type Thinned = Pick<SignalSeries, 'atMs' | 'columns'>;

/** Neighbours become one point that keeps the highest value of each: a chart must not lose a peak. Words are left out. */
export const thin = (rows: readonly RecordedRow[], maxPoints: number): Thinned => {
  const width = Math.max(1, Math.ceil(rows.length / maxPoints));
  const groups = Array.from({ length: Math.ceil(rows.length / width) }, (_, at) =>
    rows.slice(at * width, (at + 1) * width),
  );
  const names = signalNames.filter(
    (name) => signals[name].unit !== 'text' && rows.some((row) => row.signals[name] !== undefined),
  );
  return {
    atMs: groups.map((group) => group.at(-1)?.atMs ?? 0),
    columns: Object.fromEntries(
      names.map((name) => [name, groups.map((group) => highest(group.map((row) => row.signals[name])))]),
    ),
  };
};

const highest = (values: readonly (number | string | undefined)[]): number | null =>
  values.reduce<number | null>(
    (best, value) => (typeof value === 'number' && (best === null || value > best) ? value : best),
    null,
  );
