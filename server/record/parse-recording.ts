import type { RunId } from '#protocol/ids';
import type { RecordingBatch } from '#protocol/messages';
import { type SignalVector, signalNames } from '#protocol/signals';

/** First line of the tail: what the numbers of its other lines name. It travels with them, so an update may add signals. */
export const tailHeader = (): string => `\n${JSON.stringify({ names: signalNames })}`;

/** A batch as one line: signals by number, each policy hash once. The newline comes first, so that a line which was cut short spoils no other. */
export const printTailLine = (batch: RecordingBatch): string => {
  const hashes = [...new Set(batch.rows.map(({ policyHash }) => policyHash))];
  const rows = batch.rows.map(({ runId, policyHash, signals }) => [
    runId,
    hashes.indexOf(policyHash),
    Object.entries(signals).flatMap(([name, value]) => [numberOf.get(name) ?? -1, value]),
  ]);
  return `\n${JSON.stringify({ atMs: batch.atMs, hashes, rows })}`;
};

const numberOf = new Map<string, number>(signalNames.map((name, at) => [name, at]));

interface TailBatch {
  readonly atMs: number;
  readonly hashes: readonly string[];
  readonly rows: readonly (readonly [runId: RunId, hash: number, pairs: readonly (number | string)[]])[];
}

/** The batches of a tail. A line that a death cut short was never confirmed, so its writer sends it again. */
export const parseTail = (text: string): RecordingBatch[] => {
  let names: readonly string[] = signalNames;
  return text.split('\n').flatMap((line) => {
    const parsed = parseTailLine(line);
    if (parsed === null) return [];
    if ('names' in parsed) {
      names = parsed.names;
      return [];
    }
    return [toBatch(parsed, names)];
  });
};

const parseTailLine = (line: string): TailBatch | { readonly names: readonly string[] } | null => {
  if (!line.endsWith('}')) return null;
  try {
    return JSON.parse(line) as TailBatch | { readonly names: readonly string[] };
  } catch {
    return null; // cut short in the middle of a row
  }
};

const toBatch = ({ atMs, hashes, rows }: TailBatch, names: readonly string[]): RecordingBatch => ({
  atMs,
  rows: rows.map(([runId, hash, pairs]) => ({
    runId,
    policyHash: hashes[hash] ?? '',
    signals: toVector(pairs, names),
  })),
});

const toVector = (pairs: readonly (number | string)[], names: readonly string[]): SignalVector => {
  const values: Record<string, number | string> = {};
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = names[Number(pairs[at])];
    const value = pairs[at + 1];
    if (name !== undefined && value !== undefined) values[name] = value;
  }
  return parseVector(values);
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
