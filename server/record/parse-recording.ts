import type { RecordingBatch } from '#protocol/messages';
import type { SignalVector } from '#protocol/signals';

/** One line of the tail; null for the end of the file or for a line that a death cut short. */
export const parseRecordingBatch = (line: string): RecordingBatch | null => {
  if (!line.endsWith('}')) return null;
  try {
    return JSON.parse(line) as RecordingBatch;
  } catch {
    return null; // cut short in the middle of a row: it was never confirmed, so its writer sends it again
  }
};

/** Rows as columns: a column that never changes is kept as its one value. */
export interface Columns {
  readonly atMs: readonly number[];
  readonly policyHash: Column<string>;
  readonly signals: Readonly<Record<string, Column<number | string | null>>>;
}
export type Column<T> = { readonly all: T } | { readonly each: readonly T[] };

export const parseColumns = (text: string): Columns => JSON.parse(text) as Columns;
export const parseVector = (values: Readonly<Record<string, number | string>>): SignalVector => values as SignalVector;
