import { isMap, isScalar, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import type { z } from 'zod';
import { nearestName } from '#policy/nearest-name';
import { ConfigProblem } from './config.ts';
import { type ConfigFile, configKeys, expectedOf, fileSchema } from './config-keys.ts';

const maxBytes = 256 * 1024;
const maxAliases = 20;

/** Reads the text of a `flowforge.yaml`. @throws ConfigProblem with `file:line:column`, the line, and what was expected. */
export const parseConfigFile = (file: string, text: string): ConfigFile => {
  if (text.length > maxBytes)
    throw new ConfigProblem(`${file}: larger than ${maxBytes} bytes; a configuration of this size is a mistake`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number, message: string): ConfigProblem =>
    new ConfigProblem(pointAt({ file, text, offset, lines, message }));
  const broken = document.errors[0];
  if (broken !== undefined) throw place(broken.pos[0], `not valid YAML: ${broken.message}`);
  if (document.contents === null) return {};
  if (!isMap(document.contents)) throw place(0, 'expected keys like "profile: standard"');
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: maxAliases }));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue === undefined) throw new ConfigProblem(`${file}: not usable`);
  const { offset, message } = explain(document.contents, issue);
  throw place(offset, message);
};

const explain = (root: ParsedNode, issue: z.core.$ZodIssue): { offset: number; message: string } => {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = knownKeysAt(path);
    const meant = nearestName(key, known);
    const fix = meant === null ? `Known here: ${known.join(', ')}` : `Did you mean ${meant}?`;
    return { offset: offsetOfKey(root, [...path, key]), message: `unknown key "${key}". ${fix}` };
  }
  const name = path.at(-1) ?? '';
  return { offset: offsetOfValue(root, path), message: `${name}: ${sayExpected(name, issue, valueAt(root, path))}` };
};

/** A parser's own sentence where it has one, else what the key wants and what came. */
export const sayExpected = (key: string, issue: z.core.$ZodIssue, got: unknown): string => {
  if (issue.code === 'custom' && issue.params?.isWhole === true) return issue.message;
  const expected = Object.entries(expectedOf).find(([name]) => name === key)?.[1] ?? 'keys and values';
  const meant =
    issue.code === 'invalid_value' && typeof got === 'string' ? nearestName(got, issue.values.map(String)) : null;
  return `expected ${expected}, got ${JSON.stringify(got) ?? 'nothing'}${meant === null ? '' : `. Did you mean ${meant}?`}`;
};

const knownKeysAt = (path: readonly string[]): readonly string[] => {
  if (path.length === 0) return [...configKeys, 'profiles'];
  return path.length === 1 ? ['light', 'standard', 'heavy'] : ['max-cpu', 'poll-interval', 'log-window'];
};

const pairAt = (root: ParsedNode, path: readonly string[]) => {
  let node: unknown = root;
  let pair = null;
  for (const key of path) {
    if (!isMap(node)) return null;
    pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key) ?? null;
    node = pair?.value;
  }
  return pair;
};

const startOf = (node: unknown): number => {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
  return Array.isArray(range) ? Number(range[0]) : 0;
};
const offsetOfKey = (root: ParsedNode, path: readonly string[]): number => startOf(pairAt(root, path)?.key);
const offsetOfValue = (root: ParsedNode, path: readonly string[]): number => {
  const pair = pairAt(root, path);
  return startOf(pair?.value) || startOf(pair?.key);
};
const valueAt = (root: ParsedNode, path: readonly string[]): unknown => {
  const value = pairAt(root, path)?.value;
  return isScalar(value) ? value.value : (value ?? null);
};

const pointAt = (at: { file: string; text: string; offset: number; lines: LineCounter; message: string }): string => {
  const { line, col } = at.lines.linePos(at.offset);
  const source = (at.text.split('\n')[line - 1] ?? '').replace(/\r$/, '').replaceAll('\t', ' ');
  return `${at.file}:${line}:${col}: ${at.message}\n  ${source}\n  ${' '.repeat(Math.max(0, col - 1))}^`;
};
