import { parse } from 'yaml';
import { findExcess } from '#policy/source-bounds';
import type { PolicyText } from '#protocol/messages';

/** What has to be known of a text before it is compiled, and where it is not. */
interface Glance {
  /** Names under `extends`. */
  readonly parents: readonly string[];
  /** Of its `log_match` rules. */
  readonly patterns: readonly string[];
}

const known = new Map<string, Glance>();
const mostKnown = 50;
const nothing: Glance = { parents: [], patterns: [] };

/**
 * Whether the file is a good policy is for the compiler to say, with line and column. Five hundred runs follow the same few
 * texts: each is parsed once.
 */
export const glanceAt = (text: string): Glance => {
  const seen = known.get(text);
  if (seen !== undefined) return seen;
  const glance = look(text);
  if (known.size >= mostKnown) known.clear();
  known.set(text, glance);
  return glance;
};

/** Of all files, also where a child asks for another pattern: what no rule asks for is counted and not looked at. */
export const patternsIn = (files: PolicyText['files']): readonly string[] => [
  ...new Set(files.flatMap(({ text }) => glanceAt(text).patterns)),
];

const look = (text: string): Glance => {
  if (findExcess(text) !== null) return nothing;
  try {
    const document: unknown = parse(text, { maxAliasCount: 10 });
    return {
      parents: listAt(document, 'extends').filter((name) => typeof name === 'string'),
      patterns: listAt(document, 'rules').flatMap((rule) => {
        const pattern = valueAt(valueAt(valueAt(rule, 'detect'), 'log_match'), 'pattern');
        return typeof pattern === 'string' ? [pattern] : [];
      }),
    };
  } catch {
    /* not YAML: the compiler refuses it with its place */
    return nothing;
  }
};

const valueAt = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

const listAt = (value: unknown, key: string): readonly unknown[] => {
  const list = valueAt(value, key);
  return Array.isArray(list) ? list : [];
};
