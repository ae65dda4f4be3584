import type { DecisiveEvent } from '#protocol/decisive-events';
import type { RunId } from '#protocol/ids';
import type { RecordingBatch, RecordingRow } from '#protocol/messages';
import { type SignalVector, signalNames } from '#protocol/signals';

/** First line of the tail: what the numbers of its other lines name. It travels with them, so an update may add signals. */
export const tailHeader = (): string => `\n${JSON.stringify({ names: signalNames })}`;

/** A batch as one line: signals by number (those of a policy's own patterns by name), each policy hash once. The newline comes first, so that a line which was cut short spoils no other. */
export const printTailLine = ({
  atMs,
  rows,
}: RecordingBatch): { readonly line: string; readonly rows: readonly string[] } => {
  const hashes = [...new Set(rows.map(({ policyHash }) => policyHash))];
  const printed = rows.map((row) => printRow(row, hashes.indexOf(row.policyHash)));
  return {
    line: `\n{"atMs":${atMs},"hashes":${JSON.stringify(hashes)},"rows":[${printed.join(',')}]}`,
    rows: printed,
  };
};

/** A row in few bytes: as it stands in a tail, and as it waits in memory. */
const printRow = ({ runId, policyHash, signals, ...more }: RecordingRow, hash: number): string => {
  const pairs: (number | string)[] = [];
  for (const [name, value] of Object.entries<number | string | undefined>(signals))
    if (value !== undefined) pairs.push(numberOf.get(name) ?? name, value);
  return JSON.stringify(isPlain(more) ? [runId, hash, pairs] : [runId, hash, pairs, more]);
};

/** @param text of a row that this version printed. */
export const parseRow = (text: string, policyHash: string): RecordingRow =>
  toRow(JSON.parse(text) as TailRow, { policyHash, names: signalNames });

type More = Omit<RecordingRow, 'runId' | 'policyHash' | 'signals'>;

/** What nearly every row says is left out. */
const plain: More = { isFirst: false, acknowledged: [], extraUsd: {}, extraTokens: {}, decisive: [] };
const isPlain = ({ isFirst, acknowledged, extraUsd, extraTokens, decisive }: More): boolean =>
  !isFirst &&
  [acknowledged, Object.keys(extraUsd), Object.keys(extraTokens), decisive].every((all) => all.length === 0);

const numberOf = new Map<string, number>(signalNames.map((name, at) => [name, at]));

type TailRow = readonly [runId: RunId, hash: number, pairs: readonly (number | string)[], more?: Partial<More>];
interface TailBatch {
  readonly atMs: number;
  readonly hashes: readonly string[];
  readonly rows: readonly TailRow[];
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
  rows: rows.map((row) => toRow(row, { policyHash: hashes[row[1]] ?? '', names })),
});

const toRow = (
  [runId, , pairs, more]: TailRow,
  { policyHash, names }: { readonly policyHash: string; readonly names: readonly string[] },
): RecordingRow => ({ runId, policyHash, ...plain, ...more, signals: toVector(pairs, names) });

const toVector = (pairs: readonly (number | string)[], names: readonly string[]): SignalVector => {
  const values: Record<string, number | string> = {};
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const key = pairs[at];
    const name = typeof key === 'number' ? names[key] : key;
    const value = pairs[at + 1];
    if (name !== undefined && value !== undefined) values[name] = value;
  }
  return parseVector(values);
};

/** Rows as columns. Those after `policyHash` are missing in recordings of the first version, `decisive` in those of the second; `extraTokens` is there once any were added. */
export interface Columns {
  readonly atMs: Column<number>;
  readonly policyHash: Column<string>;
  readonly isFirst?: Column<boolean>;
  readonly acknowledged?: Column<readonly string[]>;
  readonly extraUsd?: Column<Readonly<Record<string, number>>>;
  readonly extraTokens?: Column<Readonly<Record<string, number>>>;
  readonly signals: Readonly<Record<string, Column<number | string | null>>>;
  readonly decisive?: readonly DecisiveColumns[];
}

/** Of all rows the decisive events in one place of their lists; null in rows that have fewer. */
export interface DecisiveColumns {
  readonly detector: Column<string | null>;
  readonly kind: Column<DecisiveEvent['kind'] | null>;
  readonly hash: Column<number | null>;
  readonly resultHash: Column<number | null>;
  readonly count: Column<number | null>;
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
