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

/** Rows as columns. Those after `policyHash` are missing in recordings of the first version. */
export interface Columns {
  readonly atMs: Column<number>;
  readonly policyHash: Column<string>;
  readonly isFirst?: Column<boolean>;
  readonly acknowledged?: Column<readonly string[]>;
  readonly extraUsd?: Column<Readonly<Record<string, number>>>;
  readonly signals: Readonly<Record<string, Column<number | string | null>>>;
}
/** The one value of all rows, or one of each, or the first and the steps from one to the next, times `scale`, as whole numbers. */
export type Column<T> =
  | { readonly all: T }
  | { readonly each: readonly T[] }
  | { readonly steps: readonly number[]; readonly scale: number };

/** The first version wrote its times as a bare list. */
export const parseColumns = (text: string): Columns => {
  const columns = JSON.parse(text) as Columns & { readonly atMs: Columns['atMs'] | readonly number[] };
  return isList(columns.atMs) ? { ...columns, atMs: { each: columns.atMs } } : columns;
};

const isList = (atMs: Columns['atMs'] | readonly number[]): atMs is readonly number[] => Array.isArray(atMs);

export const parseVector = (values: Readonly<Record<string, number | string>>): SignalVector => values as SignalVector;
