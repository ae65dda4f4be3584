import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { print, printJson } from '#cli/output';
import { renderJunit, type TestedFile } from '#cli/render/junit';
import { resolvePaths } from '#config/paths';
import { readPolicyText } from '#config/policy-files';
import { compilePolicy } from '#policy/compile-policy';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';
import { formatProblem, PolicyProblem } from '#policy/problem';
import type { PolicySource } from '#protocol/run-spec';

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
    const { rules, notes } = compileFile(file);
    return { file, rules: rules.map(({ id }) => id), problem: null, notes: notes.map(formatProblem) };
  } catch (error) {
    return { file, rules: [], problem: error instanceof Error ? error.message : String(error), notes: [] };
  }
};

const compileFile = (file: string) =>
  compilePolicy(readPolicyText(sourceOf(file), path.join(resolvePaths(process.env).packageRoot, 'policies')));

const sourceOf = (file: string): PolicySource =>
  file.includes('/') || /\.ya?ml$/.test(file)
    ? { kind: 'file', path: path.resolve(file), text: readFileSync(file, 'utf8') }
    : { kind: 'shipped', name: file };

/** `flowforge policy test FILE…`. */
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

const testOne = (file: string): TestedFile => {
  try {
    const test = parsePolicyTest(readFileSync(file, 'utf8'), file);
    if (test.kind === 'refused') throw new PolicyProblem(test.problems);
    const report = runPolicyTests(test, compileFile(path.join(path.dirname(file), test.file.policy)));
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
