import { readFileSync } from 'node:fs';
import { compilePolicy, hashOf, parentsOf } from '#policy/compile-policy';
import type { CompiledPolicy } from '#policy/compiled-policy';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';

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

/** A policy with one number changed. */
export interface Mutant {
  readonly what: string;
  /** The id of the rule or budget that the number stands in. */
  readonly entry: string;
  readonly times: number;
  readonly text: string;
}

/** Each number in a condition, a guard, a dwell, a ladder or a budget, twice and half as large. */
export const mutants = (text: string): Mutant[] => {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^ +(when|unless|for|detect|tool_loop|warn_at|usd|tokens|warmup|- \{ do):/.test(line)) return [];
    return [...line.matchAll(/(?<![\w.])\d+(\.\d+)?(?=\*|s|m|h|\b)/g)].flatMap((found) => {
      const value = Number(found[0]);
      const isIdle =
        found.index > (line.includes('#') ? line.indexOf('#') : line.length) ||
        line.slice(0, found.index).includes('resume_after');
      if (value === 0 || isIdle) return [];
      return [value * 2, Number.isInteger(value) ? Math.floor(value / 2) : value / 2].map((other) => {
        const changed = `${line.slice(0, found.index)}${other}${line.slice(found.index + found[0].length)}`;
        return {
          what: `line ${index + 1}: ${changed.trim()}`,
          entry:
            lines
              .slice(0, index + 1)
              .findLast((other) => /^ +- (\{ )?id:/.test(other))
              ?.replace(/^.*id: *([\w-]+).*$/, '$1') ?? 'defaults',
          times: other > value ? 2 : 0.5,
          text: lines.with(index, changed).join('\n'),
        };
      });
    });
  });
};
