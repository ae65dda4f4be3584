import { formatCommand } from './format-command.ts';
import { type Bucket, bucketOf, buckets, statusOf } from './run-status.ts';
import type { RunRow } from './views.ts';

type Comparison = ':' | '>' | '<';
/** One word of a filter: `state:paused`, `cpu>50`, `-nightly`, `"two words"`. */
interface Term {
  readonly text: string;
  readonly excludes: boolean;
  readonly key: string | null;
  readonly comparison: Comparison;
  readonly value: string;
}

/** Reads a filter once, for many rows: a row matches where every term holds. An unknown key is looked for as a label. */
export const readFilter = (filter: string): ((row: RunRow) => boolean) => {
  const terms = parseTerms(filter);
  return (row) => terms.every((term) => holds(row, term) !== term.excludes);
};

/** A key of the filter that means nothing: neither one of ours nor a label that any of these rows carries. */
export const unknownKey = (filter: string, rows: readonly RunRow[]): string | null => {
  const isKnown = (key: string): boolean =>
    knownKeys.includes(key) || rows.some((row) => Object.keys(row.labels).some((name) => name.toLowerCase() === key));
  return parseTerms(filter).find(({ key }) => key !== null && !isKnown(key))?.key ?? null;
};

/** What stands before the colon, besides the names of labels. */
export const knownKeys: readonly string[] = [
  ...['is', 'state', 'name', 'id', 'cwd', 'policy', 'rule', 'label'],
  ...['cpu', 'mem', 'procs', 'cost', 'pid', 'exit'],
];

/** Which group the strip has chosen (`is:failed`), if it has. */
export const chosenBucket = (filter: string): Bucket | null => {
  const chosen = parseTerms(filter).find((term) => term.key === 'is' && !term.excludes);
  return buckets.find((bucket) => bucket === chosen?.value) ?? null;
};

/** The filter with that group chosen, or with none where it was chosen already. Other terms stay. */
export const toggleBucket = (filter: string, bucket: Bucket): string => {
  const others = withoutBucket(filter);
  return chosenBucket(filter) === bucket ? others : `is:${bucket}${others === '' ? '' : ` ${others}`}`;
};

/** What the filter says besides the group. */
export const withoutBucket = (filter: string): string =>
  parseTerms(filter)
    .filter((term) => term.key !== 'is' || term.excludes)
    .map((term) => term.text)
    .join(' ');

const parseTerms = (filter: string): readonly Term[] =>
  (filter.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []).map(parseTerm).filter((term) => term.value !== '');

const parseTerm = (text: string): Term => {
  const excludes = text.startsWith('-') || text.startsWith('!');
  const bare = (excludes ? text.slice(1) : text).replaceAll('"', '');
  const [, key = null, comparison, value = bare] = /^([a-z][\w.-]*)([:<>])(.*)$/i.exec(bare) ?? [];
  return {
    text,
    excludes,
    key: key?.toLowerCase() ?? null,
    comparison: comparison === '>' || comparison === '<' ? comparison : ':',
    value: value.toLowerCase(),
  };
};

const holds = (row: RunRow, term: Term): boolean => {
  if (term.key === null) return textOf(row).includes(term.value);
  const number = numberOf(row, term.key);
  if (number !== undefined) return compare(number, term);
  return wordsOf(row, term.key).some((word) => word.toLowerCase().includes(term.value));
};

const compare = (number: number | null, { comparison, value }: Term): boolean => {
  const wanted = parseAmount(value);
  if (number === null || wanted === null) return false;
  if (comparison === '>') return number > wanted;
  return comparison === '<' ? number < wanted : number === wanted;
};

/** undefined: not a number at all. */
const numberOf = (row: RunRow, key: string): number | null | undefined => {
  const numbers: Readonly<Record<string, number | null>> = {
    cpu: row.cpuPct,
    mem: row.rssBytes,
    procs: row.processes,
    cost: row.costUsd,
    pid: row.pid,
    exit: row.exitCode,
  };
  return Object.hasOwn(numbers, key) ? numbers[key] : undefined;
};

const wordsOf = (row: RunRow, key: string): readonly string[] => {
  if (key === 'is') return [bucketOf(row)];
  if (key === 'state') return [row.state, row.activity, statusOf(row).word];
  if (key === 'name') return [row.name];
  if (key === 'id') return [row.runId];
  if (key === 'cwd') return [row.cwd];
  if (key === 'policy') return [row.policy];
  if (key === 'rule') return row.rules.filter((rule) => rule.state !== 'inactive').map((rule) => rule.rule);
  if (key === 'label') return Object.entries(row.labels).map(([name, value]) => `${name}=${value}`);
  return Object.hasOwn(row.labels, key) ? [row.labels[key] ?? ''] : [];
};

const textOf = (row: RunRow): string =>
  `${row.name} ${formatCommand(row.command)} ${row.lastLine ?? ''} ${row.runId} ${Object.values(row.labels).join(' ')}`.toLowerCase();

/** `200m` is 200 MiB; a plain number is itself. */
const parseAmount = (text: string): number | null => {
  const [, digits, unit = ''] = /^\$?(\d+(?:\.\d+)?)([kmgt])?(?:i?b)?%?$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * 1024 ** ' kmgt'.indexOf(unit === '' ? ' ' : unit);
};
