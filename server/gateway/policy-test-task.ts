import { compilePolicy } from '#policy/compile-policy';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';
import { PolicyProblem } from '#policy/problem';
import type { PolicyText } from '#protocol/messages';
import type { TestPolicyReply } from '#protocol/policy-views';

/** Plays the tests of a policy. Runs on a thread of its own: a long series takes seconds. */
const testPolicy = ({ policy, tests }: { readonly policy: PolicyText; readonly tests: string }): TestPolicyReply => {
  const beganMs = performance.now();
  const parsed = parsePolicyTest(tests, 'tests');
  if (parsed.kind === 'refused') return { kind: 'refused', of: 'tests', problems: parsed.problems };
  try {
    const report = runPolicyTests(parsed, compilePolicy(policy));
    if (report.kind === 'refused') return { kind: 'refused', of: 'tests', problems: report.problems };
    return { ...report, tookMs: Math.round(performance.now() - beganMs) };
  } catch (error) {
    if (error instanceof PolicyProblem) return { kind: 'refused', of: 'policy', problems: error.problems };
    throw error;
  }
};

// The pool calls what a file exports by default.
export default testPolicy;
