import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, parseDocument, type Scalar } from 'yaml';
import { compilePolicy, hashOf, parentsOf } from '#policy/compile-policy';
import type { CompiledPolicy } from '#policy/compiled-policy';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';
import { findingLevels } from '#protocol/judgement';

/** The policies that ship. */
export const names = ['local-default', 'standard', 'agent-fleet'] as const;
export const read = (path: string): string => readFileSync(`policies/${path}`, 'utf8');
export type Files = { path: string; text: string }[];

/** A shipped policy with its parents, nearest first. */
export const lineage = (name: string): Files => {
  const text = read(`${name}.yaml`);
  return [{ path: `policies/${name}.yaml`, text }, ...parentsOf(text).flatMap(lineage)];
};
const compile = (name: string, files: Files): CompiledPolicy => compilePolicy({ name, hash: hashOf(files), files });

/** What fails of the tests of a shipped policy with these files in its place. */
export const failuresOf = (name: string, files: Files): string[] => {
  const test = parsePolicyTest(read(`${name}.test.yaml`), `policies/${name}.test.yaml`);
  if (test.kind === 'refused') return test.problems.map((problem) => `line ${problem.line}: ${problem.message}`);
  const report = runPolicyTests(test, compile(name, files));
  if (report.kind === 'refused') return report.problems.map((problem) => `line ${problem.line}: ${problem.message}`);
  return report.cases.flatMap((one) => one.failures.map((failure) => `${one.name}: ${failure}`));
};

/** A policy with one threshold changed. */
export interface Mutant {
  readonly what: string;
  /** The id of the rule or budget that the threshold stands in. */
  readonly entry: string;
  readonly times: 2 | 0.5;
  readonly text: string;
}

// What is not named here is tried: a key that the language gets tomorrow has to be noticed by a test or excused here.
// A window is a time of day: twice 23:00 is no later night.
const words = new Set(['apiVersion', 'kind', 'metadata', 'extends', 'id', 'summary', 'message', 'match', 'window']);

/** Each threshold of each rule, limit, budget and default, twice and half as large; a level, one up and one down. */
export const mutants = (text: string): readonly Mutant[] =>
  placesIn(parseDocument(text).contents, { entry: 'defaults', key: '' }).flatMap(({ scalar, entry, key }) => {
    const [start = 0, end = 0] = scalar.range ?? [];
    const line = text.slice(0, start).split('\n').length;
    return changesOf(text.slice(start, end), key).map(({ from, to, times }) => ({
      what: `line ${line}, ${key} of ${entry}: ${from.text} becomes ${to}`,
      entry,
      times,
      text: `${text.slice(0, start + from.at)}${to}${text.slice(start + from.at + from.text.length)}`,
    }));
  });

interface Place {
  readonly entry: string;
  readonly key: string;
}

const placesIn = (node: unknown, place: Place): readonly (Place & { readonly scalar: Scalar })[] => {
  if (isScalar(node)) return [{ scalar: node, ...place }];
  if (isSeq(node)) return node.items.flatMap((item) => placesIn(item, place));
  if (!isMap(node)) return [];
  const id: unknown = node.get('id');
  const entry = typeof id === 'string' ? id : place.entry;
  return node.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : '';
    return words.has(name) ? [] : placesIn(value, { entry, key: name });
  });
};

interface Change {
  readonly from: { readonly text: string; readonly at: number };
  readonly to: string;
  readonly times: 2 | 0.5;
}

const changesOf = (text: string, key: string): readonly Change[] => {
  const level = findingLevels.findIndex((name) => key === 'level' && name === text);
  if (level !== -1) {
    const from = { text, at: 0 };
    const [lower, higher] = [findingLevels[level - 1], findingLevels[level + 1]];
    return [
      ...(higher === undefined ? [] : [{ from, to: higher, times: 2 as const }]),
      ...(lower === undefined ? [] : [{ from, to: lower, times: 0.5 as const }]),
    ];
  }
  return [...text.matchAll(/(?<![\w.])\d+(\.\d+)?/g)].flatMap((found) => {
    const value = Number(found[0]);
    const from = { text: found[0], at: found.index };
    // Twice nothing is nothing.
    if (value === 0) return [];
    const half = wholeKeys.has(key) ? Math.ceil(value / 2) : value / 2;
    return [
      { from, to: String(value * 2), times: 2 as const },
      { from, to: String(half), times: 0.5 as const },
    ];
  });
};

/** Half of five is three where the language takes whole numbers only: the nearer half is the harder one to notice. */
const wholeKeys = new Set(['identical', 'error_streak', 'max', 'procs.count']);
