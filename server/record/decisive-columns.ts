import type { DecisiveEvent } from '#protocol/decisive-events';
import type { Column, DecisiveColumns } from './parse-recording.ts';

/** Makes one column; the writer of all columns lends its own way of doing so. */
type ToColumn = <T extends string | number | null>(values: readonly T[]) => Column<T>;
/** Only numbers may lie as steps from one to the next. */
interface Readers {
  readonly words: <T>(column: Column<T>) => (index: number) => T | undefined;
  readonly numbers: <T>(column: Column<T>) => (index: number) => T | number | undefined;
}

/** The first decisive event of each row, then the second: what repeats stays in its place, and each place compresses. */
export const toDecisiveColumns = (
  rows: readonly (readonly DecisiveEvent[])[],
  toColumn: ToColumn,
): readonly DecisiveColumns[] =>
  Array.from({ length: Math.max(0, ...rows.map((events) => events.length)) }, (_, place) => {
    const events = rows.map((row) => row[place] ?? null);
    return {
      detector: toColumn(events.map((event) => event?.detector ?? null)),
      kind: toColumn(events.map((event) => event?.kind ?? null)),
      hash: toColumn(events.map((event) => event?.hash ?? null)),
      resultHash: toColumn(events.map((event) => event?.resultHash ?? null)),
      count: toColumn(events.map((event) => event?.count ?? null)),
    };
  });

export const decisiveReader = (
  columns: readonly DecisiveColumns[],
  { words, numbers }: Readers,
): ((index: number) => readonly DecisiveEvent[]) => {
  const places = columns.map((place) => ({
    detector: words(place.detector),
    kind: words(place.kind),
    hash: numbers(place.hash),
    resultHash: numbers(place.resultHash),
    count: numbers(place.count),
  }));
  return (index) =>
    places.flatMap((place) => {
      const [detector, kind, hash] = [place.detector(index), place.kind(index), place.hash(index)];
      if (!detector || !kind || hash === null || hash === undefined) return [];
      return [{ detector, kind, hash, resultHash: place.resultHash(index) ?? null, count: place.count(index) ?? 0 }];
    });
};
