import type { RunId } from '#protocol/ids';
import { type Bucket, bucketOf, buckets } from '#protocol/run-status';
import type { RunRow } from '#protocol/views';

export const sortKeys = ['attention', 'name', 'age', 'cpu', 'memory', 'processes', 'cost'] as const;
export type SortKey = (typeof sortKeys)[number];

/** One line of the fleet: the heading of a group, or a run. */
export type FleetItem =
  | { readonly kind: 'heading'; readonly key: string; readonly bucket: Bucket; readonly count: number }
  | { readonly kind: 'run'; readonly key: RunId; readonly runId: RunId };

const finished: ReadonlySet<Bucket> = new Set(['failed', 'done']);
export const isFinishedBucket = (bucket: Bucket): boolean => finished.has(bucket);

/** Runs under the heading of their group, those that need a person first, what is over last; inside a group by the key, then the newest. */
export const arrangeFleet = (rows: readonly RunRow[], key: SortKey): readonly FleetItem[] =>
  buckets.flatMap((bucket) => {
    const members = rows.filter((row) => bucketOf(row) === bucket).sort(byWeight(key));
    if (members.length === 0) return [];
    const heading: FleetItem = { kind: 'heading', key: bucket, bucket, count: members.length };
    return [heading, ...members.map(({ runId }): FleetItem => ({ kind: 'run', key: runId, runId }))];
  });

const byWeight =
  (key: SortKey) =>
  (a: RunRow, b: RunRow): number =>
    weightOf(b, key) - weightOf(a, key) ||
    (key === 'name' ? a.name.localeCompare(b.name) : 0) ||
    (a.runId < b.runId ? 1 : -1);

const weightOf = (row: RunRow, key: SortKey): number => {
  if (key === 'attention') return row.endedAtMs ?? firingWeightOf(row);
  if (key === 'age') return -(row.startedAtMs ?? 0);
  if (key === 'cpu') return row.cpuPct ?? -1;
  if (key === 'memory') return row.rssBytes ?? -1;
  if (key === 'processes') return row.processes ?? -1;
  if (key === 'cost') return row.costUsd ?? -1;
  return 0;
};

// Firing before pending, and of these the one that has waited longest.
const firingWeightOf = (row: RunRow): number => {
  const worst = row.rules.find((rule) => rule.state === 'firing') ?? row.rules.find((rule) => rule.state === 'pending');
  if (worst === undefined) return 0;
  return (worst.state === 'firing' ? 1e13 : 1e12) - worst.sinceMs / 10;
};

/** The order while it is held (a pointer or the focus is on a row): nothing moves, what is gone leaves, what is new comes last. */
export const holdOrder = (shown: readonly FleetItem[], wanted: readonly FleetItem[]): readonly FleetItem[] => {
  const present = new Set(wanted.map((item) => item.key));
  const known = new Set(shown.map((item) => item.key));
  return [
    ...shown.filter((item) => item.kind === 'heading' || present.has(item.key)),
    ...wanted.filter((item) => item.kind === 'run' && !known.has(item.key)),
  ];
};

/** How many runs would change their place. */
export const countMoved = (shown: readonly FleetItem[], wanted: readonly FleetItem[]): number => {
  const runsOf = (items: readonly FleetItem[]) => items.filter((item) => item.kind === 'run');
  const places = runsOf(wanted);
  return runsOf(shown).reduce((moved, item, place) => (places[place]?.key === item.key ? moved : moved + 1), 0);
};
