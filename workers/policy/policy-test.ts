import { isSignalName, signalNames } from '#protocol/signals';
import type { CompiledPolicy } from './compiled-policy.ts';
import { parseDurationMs } from './duration.ts';
import { nearestName } from './nearest-name.ts';
import {
  type PolicyTestCase,
  type PolicyTestFile,
  policyTestJsonSchema,
  policyTestSchema,
} from './policy-test-schema.ts';
import type { Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import { parseSeries } from './series.ts';
import { type Expected, findUnmet } from './test-expectations.ts';
import { playCase } from './test-play.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

export type PolicyTestResult =
  | { readonly kind: 'parsed'; readonly file: PolicyTestFile; readonly source: YamlSource }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export interface CaseReport {
  readonly name: string;
  readonly line: number;
  /** One sentence for each expectation that was not met; none when the case passed. */
  readonly failures: readonly string[];
}

export type PolicyTestReport =
  | { readonly kind: 'ran'; readonly cases: readonly CaseReport[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Reads a `*.test.yaml`. The policy it is for stands in `file.policy`, relative to the test. */
export const parsePolicyTest = (text: string, path: string): PolicyTestResult => {
  const read = readYaml(text, path);
  if (read.kind === 'refused') return read;
  const { source } = read;
  const checked = policyTestSchema.safeParse(source.value);
  if (!checked.success) return { kind: 'refused', problems: schemaProblems(checked.error.issues, source, jsonSchema) };
  const problems = checked.data.tests.flatMap((test, index) => seriesProblems(test, index, source));
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'parsed', file: checked.data, source };
};

/** Plays every case against the policy, tick by tick, with the evaluator and the ladder of the real thing. */
export const runPolicyTests = (
  test: Extract<PolicyTestResult, { kind: 'parsed' }>,
  policy: CompiledPolicy,
): PolicyTestReport => {
  const { file, source } = test;
  const problems = file.tests.flatMap((one, index) => nameProblems(one, { index, policy }, source));
  if (problems.length > 0) return { kind: 'refused', problems };
  const intervalMs = parseDurationMs(file.interval ?? '1s') ?? 1000;
  const cases = file.tests.map((one, index) => ({
    name: one.name,
    line: source.problem(['tests', index], '').line,
    failures: runCase(one, policy, intervalMs),
  }));
  return { kind: 'ran', cases };
};

const runCase = (test: PolicyTestCase, policy: CompiledPolicy, intervalMs: number): readonly string[] => {
  const expected = (test.expect ?? []).map((one): Expected => ({ ...one, atMs: parseDurationMs(one.at) ?? 0 }));
  return findUnmet(
    playCase(test, policy, { intervalMs, untilMs: Math.max(0, ...expected.map((one) => one.atMs)) }),
    expected,
    test.never ?? [],
  );
};

const seriesProblems = (test: PolicyTestCase, index: number, source: YamlSource): Problem[] =>
  Object.entries(test.signals ?? {}).flatMap(([name, text]) => {
    const at = ['tests', index, 'signals', name];
    if (!isSignalName(name)) {
      const near = nearestName(name, signalNames);
      return [
        source.problem(at, `unknown signal "${name}"${near === null ? '' : `. Did you mean ${near}?`}`, { key: true }),
      ];
    }
    const result = parseSeries(String(text));
    return result.kind === 'refused' ? [source.problem(at, result.message)] : [];
  });

const nameProblems = (
  test: PolicyTestCase,
  place: { index: number; policy: CompiledPolicy },
  source: YamlSource,
): Problem[] => [
  ...(test.extensions ?? []).flatMap(({ budget }, position) => {
    const at = ['tests', place.index, 'extensions', position, 'budget'];
    if (!place.policy.budgets.some(({ id }) => id === budget))
      return [source.problem(at, `unknown budget "${budget}"`)];
    return place.policy.budgets.some(({ id, extend }) => id === budget && extend !== undefined)
      ? []
      : [source.problem(at, `budget "${budget}" has no "extend" in its policy`)];
  }),
  ...(test.expect ?? []).flatMap((expectation, position) => {
    const { rule, budget } = expectation;
    const at = ['tests', place.index, 'expect', position];
    if (rule === undefined && budget === undefined)
      return [source.problem(at, 'expected "rule" or "budget", got neither')];
    if (asserted.every((key) => expectation[key] === undefined))
      return [source.problem(at, `expected one of ${asserted.join(', ')}: this passes whatever happens`)];
    if (budget !== undefined)
      return place.policy.budgets.some((one) => one.id === budget)
        ? []
        : [source.problem([...at, 'budget'], `unknown budget "${budget}"`)];
    if (rule === undefined || place.policy.ids.has(rule)) return [];
    const near = nearestName(rule, place.policy.ids);
    return [source.problem([...at, 'rule'], `unknown rule "${rule}"${near === null ? '' : `. Did you mean ${near}?`}`)];
  }),
];

/** An expectation without any of these would pass whatever happens. */
const asserted = ['state', 'action', 'enforced', 'grace', 'resume_after'] as const;

const jsonSchema = policyTestJsonSchema();
