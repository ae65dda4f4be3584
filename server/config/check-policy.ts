import { compilePolicy } from '#policy/compile-policy';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';
import { formatProblem, PolicyProblem, type Problem } from '#policy/problem';
import type { PolicyText } from '#protocol/messages';

/** A policy as it was read once, with the `*.test.yaml` beside it. */
export interface PolicyToCheck {
  readonly policy: PolicyText;
  readonly test: { readonly path: string; readonly text: string } | null;
}

export type PolicyCheck =
  | { readonly kind: 'good'; readonly tests: number; readonly testsMs: number }
  | {
      readonly kind: 'refused';
      readonly problem: string;
      readonly line: number | null;
      readonly column: number | null;
    };

/** Parses, compiles and tests: what passes here may judge running jobs. */
export const checkPolicy = ({ policy, test }: PolicyToCheck): PolicyCheck => {
  try {
    const compiled = compilePolicy(policy);
    if (test === null) return { kind: 'good', tests: 0, testsMs: 0 };
    const beganMs = performance.now();
    const parsed = parsePolicyTest(test.text, test.path);
    if (parsed.kind === 'refused') return refusedFor(parsed.problems);
    const report = runPolicyTests(parsed, compiled);
    if (report.kind === 'refused') return refusedFor(report.problems);
    const failed = report.cases.find(({ failures }) => failures.length > 0);
    const testsMs = Math.round(performance.now() - beganMs);
    if (failed === undefined) return { kind: 'good', tests: report.cases.length, testsMs };
    const problem = `${test.path}:${failed.line}:1: its test "${failed.name}" fails: ${failed.failures.join('; ')}`;
    return { kind: 'refused', problem, line: failed.line, column: 1 };
  } catch (error) {
    if (error instanceof PolicyProblem) return refusedFor(error.problems);
    throw error;
  }
};

const mostProblems = 5;

const refusedFor = (problems: readonly Problem[]): PolicyCheck => ({
  kind: 'refused',
  problem: problems.slice(0, mostProblems).map(formatProblem).join('\n'),
  line: problems[0]?.line ?? null,
  column: problems[0]?.column ?? null,
});
