import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readNamedPolicy } from '#cli/named-policy';
import { print, printJson } from '#cli/output';
import { renderJunit, type TestedFile } from '#cli/render/junit';
import { resolvePaths } from '#config/paths';
import { readNamed, testNameOf } from '#config/policy-files';
import { compilePolicy } from '#policy/compile-policy';
import { isFileName } from '#policy/lineage';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';
import { formatProblem, PolicyProblem } from '#policy/problem';

interface Checked {
  readonly file: string;
  readonly rules: readonly string[];
  readonly problem: string | null;
  /** What is accepted and does less than it says. */
  readonly notes: readonly string[];
}

const invalidExitCode = 2;

/** `flowforge policy check FILE…`: with all its parents, as a run would use it. */
export const policyCheck = async (files: readonly string[], { json }: { readonly json: boolean }): Promise<number> => {
  const checked = files.map(checkOne);
  if (json) printJson(checked);
  else
    for (const { file, rules, problem, notes } of checked) {
      print(problem === null ? `${file}: good, ${rules.length} rules (${rules.join(', ')})\n` : `${problem}\n`);
      for (const note of notes) print(`note: ${note}\n`);
    }
  return checked.every(({ problem }) => problem === null) ? 0 : invalidExitCode;
};

const checkOne = (file: string): Checked => {
  try {
    const { rules, notes } = compileNamed(file);
    return { file, rules: rules.map(({ id }) => id), problem: null, notes: notes.map(formatProblem) };
  } catch (error) {
    return { file, rules: [], problem: error instanceof Error ? error.message : String(error), notes: [] };
  }
};

const compileNamed = (name: string) => compilePolicy(readNamedPolicy(name));

/** `flowforge policy test FILE…`: tests, or policies that have theirs beside them. */
export const policyTest = async (
  files: readonly string[],
  { json, junit }: { readonly json: boolean; readonly junit?: string },
): Promise<number> => {
  const tested = files.map(testOne);
  if (junit !== undefined) writeFileSync(junit, renderJunit(tested));
  if (json) printJson(tested);
  else for (const one of tested) print(describe(one));
  if (tested.some(({ problem }) => problem !== null)) return invalidExitCode;
  return tested.every(({ cases }) => cases.every(({ failures }) => failures.length === 0)) ? 0 : 1;
};

/** A policy stands for the tests beside it. */
const testsOf = (name: string): string => {
  if (!isFileName(name)) return path.join(resolvePaths(process.env).packageRoot, 'policies', testNameOf(name));
  const beside = testNameOf(name);
  return !/\.test\.ya?ml$/.test(name) && existsSync(beside) ? beside : name;
};

const testOne = (named: string): TestedFile => {
  const file = testsOf(named);
  try {
    const test = parsePolicyTest(readNamed(file, 'tests of a policy, such as x.test.yaml beside x.yaml'), file);
    if (test.kind === 'refused') throw new PolicyProblem(test.problems);
    const report = runPolicyTests(test, compileNamed(path.join(path.dirname(file), test.file.policy)));
    if (report.kind === 'refused') throw new PolicyProblem(report.problems);
    return { file, cases: report.cases, problem: null };
  } catch (error) {
    return {
      file,
      cases: [],
      problem:
        error instanceof PolicyProblem
          ? error.problems.map(formatProblem).join('\n')
          : String(error instanceof Error ? error.message : error),
    };
  }
};

const describe = ({ file, cases, problem }: TestedFile): string => {
  if (problem !== null) return `${problem}\n`;
  const lines = cases.map(({ name, line, failures }) =>
    failures.length === 0
      ? `  pass  ${name}`
      : [`  FAIL  ${name} (${file}:${line})`, ...failures.map((failure) => `        ${failure}`)].join('\n'),
  );
  const failed = cases.filter(({ failures }) => failures.length > 0).length;
  return `${[file, ...lines, `${cases.length - failed} passed, ${failed} failed`].join('\n')}\n`;
};
