import { isJsonObject } from './json-grammar.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object that a line holds, or null: a stream may carry noise, cut lines and other values. */
export const parseRecord = (line: string): JsonRecord | null => {
  const text = line.trim();
  if (!isJsonObject(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null; // the parser has the last word on what the grammar let through
  }
};

export const textAt = (record: JsonRecord, key: string): string | null => {
  const value = record[key];
  return typeof value === 'string' ? value : null;
};

// No message holds a billion tokens, and no sum of larger numbers stays exact.
const mostCounted = 1_000_000_000;

/** A count in a stranger's record: 0 unless it is a number that can be one. */
export const countAt = (record: JsonRecord, key: string): number => {
  const value = numberAt(record, key) ?? 0;
  return value <= mostCounted ? Math.round(value) : 0;
};

export const numberAt = (record: JsonRecord, key: string): number | null => {
  const value = record[key];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
};

const nothing: JsonRecord = {};

/** A name that may be written as a number; nothing of what else may stand in its place is asked for its text. */
export const idAt = (record: JsonRecord, key: string): string | null => {
  const value = record[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
};

export const recordAt = (record: JsonRecord, key: string): JsonRecord => {
  const value = record[key];
  return isRecord(value) ? value : nothing;
};

export const recordsAt = (record: JsonRecord, key: string): readonly JsonRecord[] => {
  const value = record[key];
  return Array.isArray(value) ? value.filter(isRecord) : [];
};

/** Text in any of the shapes that agents use for it: a string, blocks with `text` or `content`, or plain data. */
export const proseOf = (value: unknown, depth = 0): string => {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (depth > 4) return '';
  if (Array.isArray(value)) return value.map((item) => proseOf(item, depth + 1)).join('\n');
  if (!isRecord(value)) return String(value);
  if (typeof value.text === 'string') return value.text;
  if ('content' in value) return proseOf(value.content, depth + 1);
  return canonicalJson(value);
};

const maxDepth = 24;
const maxChars = 65_536;

/** JSON with keys in order at every level, so that two spellings of one value are one text. Bounded in depth and size. */
export const canonicalJson = (value: unknown, keep: (key: string) => boolean = () => true): string => {
  const parts: string[] = [];
  let room = maxChars;
  const put = (text: string) => {
    parts.push(room >= text.length ? text : text.slice(0, Math.max(0, room)));
    room -= text.length;
  };
  const write = (item: unknown, depth: number) => {
    if (room <= 0) return;
    if (depth > maxDepth) return put('"…"');
    if (Array.isArray(item)) {
      put('[');
      for (const each of item) {
        write(each, depth + 1);
        put(',');
      }
      return put(']');
    }
    if (!isRecord(item)) return put(JSON.stringify(item) ?? 'null');
    put('{');
    for (const key of Object.keys(item).sort()) {
      if (!keep(key)) continue;
      put(`${JSON.stringify(key)}:`);
      write(item[key], depth + 1);
      put(',');
    }
    put('}');
  };
  write(value, 0);
  return parts.join('');
};
