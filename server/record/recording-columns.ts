import { isLogSignal, signalNames } from '#protocol/signals';
import { decisiveReader, toDecisiveColumns } from './decisive-columns.ts';
import { type Column, type Columns, parseVector } from './parse-recording.ts';
import type { RecordedRow } from './recordings.ts';

/** Columns of one kind of number compress to a fraction of what rows do. */
export const toColumns = (rows: readonly RecordedRow[]): Columns => {
  const decisive = toDecisiveColumns(
    rows.map((row) => row.decisive),
    numberColumn,
  );
  const counted = new Set(rows.flatMap(({ signals }) => Object.keys(signals).filter(isLogSignal)));
  const names = [...signalNames.filter((name) => rows.some(({ signals }) => signals[name] !== undefined)), ...counted];
  return {
    atMs: stepsOf(rows.map(({ atMs }) => atMs)) ?? { each: rows.map(({ atMs }) => atMs) },
    policyHash: plainColumn(rows.map(({ policyHash }) => policyHash)),
    isFirst: plainColumn(rows.map(({ isFirst }) => isFirst)),
    acknowledged: plainColumn(rows.map(({ acknowledged }) => acknowledged)),
    extraUsd: plainColumn(rows.map(({ extraUsd }) => extraUsd)),
    ...(rows.some(hasExtraTokens) ? { extraTokens: plainColumn(rows.map(({ extraTokens }) => extraTokens)) } : {}),
    signals: Object.fromEntries(
      names.map((name) => [name, numberColumn(rows.map(({ signals }) => signals[name] ?? null))]),
    ),
    ...(decisive.length === 0 ? {} : { decisive }),
  };
};

export const toRows = function* (columns: Columns): Generator<RecordedRow> {
  const times = numbersOf(columns.atMs);
  const hashes = valuesOf(columns.policyHash);
  const first = valuesOf(columns.isFirst ?? { all: false });
  const acknowledged = valuesOf(columns.acknowledged ?? { all: [] });
  const extraUsd = valuesOf(columns.extraUsd ?? { all: {} });
  const extraTokens = valuesOf(columns.extraTokens ?? { all: {} });
  const fill = signalsOf(columns.signals);
  const decisive = decisiveReader(columns.decisive ?? [], { words: valuesOf, numbers: numbersOf });
  for (let index = 0; ; index++) {
    const atMs = times(index);
    if (atMs === undefined) return;
    yield {
      atMs,
      policyHash: hashes(index) ?? '',
      isFirst: first(index) ?? false,
      acknowledged: acknowledged(index) ?? [],
      extraUsd: extraUsd(index) ?? {},
      extraTokens: extraTokens(index) ?? {},
      signals: parseVector(fill(index)),
      decisive: decisive(index),
    };
  }
};

const hasExtraTokens = ({ extraTokens }: RecordedRow): boolean => Object.keys(extraTokens).length > 0;

/** Rows of one chunk look alike: a copy of the first with what differs is made far faster than each anew. */
const signalsOf = (columns: Columns['signals']): ((index: number) => Readonly<Record<string, number | string>>) => {
  const still: Record<string, number | string> = {};
  const moving: { name: string; at: (index: number) => number | string | null | undefined }[] = [];
  for (const [name, column] of Object.entries(columns)) {
    const at = numbersOf(column);
    const first = at(0);
    if ('all' in column && column.all === null) continue;
    if (first !== null && first !== undefined) still[name] = first;
    if (!('all' in column)) moving.push({ name, at });
  }
  return (index) => {
    const values: Record<string, number | string> = { ...still };
    for (const { name, at } of moving) {
      const value = at(index);
      if (value !== null && value !== undefined) values[name] = value;
      else delete values[name];
    }
    return values;
  };
};

const plainColumn = <T>(values: readonly T[]): Column<T> => {
  const [first] = values;
  const text = JSON.stringify(first);
  return first !== undefined && values.every((value) => JSON.stringify(value) === text)
    ? { all: first }
    : { each: values };
};

const scales = [1, 10, 100, 1_000, 10_000, 1_000_000] as const;

/** Counters, ages and sizes are nearly straight lines: their steps are small, and often the same. */
const numberColumn = <T extends number | string | null>(values: readonly T[]): Column<T> => {
  const plain = plainColumn(values);
  return 'all' in plain ? plain : (stepsOf(values) ?? plain);
};

const stepsOf = (values: readonly (number | string | null)[]): Extract<Column<number>, { steps: unknown }> | null => {
  const numbers = values.flatMap((value) => (typeof value === 'number' ? [value] : []));
  if (numbers.length < values.length) return null;
  const scale = scales.find((one) => numbers.every((value) => isWholeAt(value, one)));
  if (scale === undefined) return null;
  const whole = numbers.map((value) => Math.round(value * scale));
  return { scale, steps: whole.map((value, index) => value - (whole[index - 1] ?? 0)) };
};

const isWholeAt = (value: number, scale: number): boolean =>
  Math.abs(value * scale) < Number.MAX_SAFE_INTEGER / 2 && Math.round(value * scale) / scale === value;

/** Beyond the last row: undefined, except where one value stands for all. */
const valuesOf = <T>(column: Column<T>): ((index: number) => T | undefined) => {
  if ('all' in column) return () => column.all;
  if ('each' in column) return (index) => column.each[index];
  throw new TypeError('a column of steps holds numbers only');
};

const numbersOf = <T>(column: Column<T>): ((index: number) => T | number | undefined) => {
  if (!('steps' in column)) return valuesOf(column);
  let sum = 0;
  const values = column.steps.map((step) => {
    sum += step;
    return sum / column.scale;
  });
  return (index) => values[index];
};
