import { compilePolicy } from '#policy/compile-policy';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';
import { PolicyProblem } from '#policy/problem';
import { assertNever } from '#protocol/assert-never';
import type { PolicyText } from '#protocol/messages';
import type {
  CheckPolicyReply,
  PolicyProblem as Place,
  PolicyOutline,
  RuleThreshold,
  TestPolicyReply,
} from '#protocol/policy-views';
import { assembleDraft, type PolicyDraft } from './policy-draft.ts';
import { type JudgedRun, matchesOf } from './policy-matches.ts';
import { outlineOf } from './policy-outline.ts';
import { thresholdsFor } from './rule-thresholds.ts';

export type BenchTask =
  | { readonly kind: 'outline'; readonly policy: PolicyText }
  | { readonly kind: 'thresholds'; readonly policy: PolicyText; readonly run: JudgedRun }
  | { readonly kind: 'check'; readonly draft: PolicyDraft; readonly runs: readonly JudgedRun[] }
  | { readonly kind: 'test'; readonly draft: PolicyDraft; readonly tests: string };

export interface Outlined {
  readonly outline: PolicyOutline | null;
  readonly problems: readonly Place[];
}

export type BenchResult = Outlined | readonly RuleThreshold[] | CheckPolicyReply | TestPolicyReply;

/** Everything about a policy that costs more than a moment; runs on a thread of its own. */
const work = (task: BenchTask): BenchResult => {
  switch (task.kind) {
    case 'outline':
      return outline(task.policy);
    case 'thresholds':
      return thresholds(task);
    case 'check':
      return check(task);
    case 'test':
      return test(task);
    default:
      return assertNever(task);
  }
};

const outline = (policy: PolicyText): Outlined => {
  try {
    return { outline: outlineOf(compilePolicy(policy), policy.files), problems: [] };
  } catch (error) {
    return { outline: null, problems: placesOf(error) };
  }
};

const thresholds = ({ policy, run }: Extract<BenchTask, { kind: 'thresholds' }>): readonly RuleThreshold[] => {
  try {
    return thresholdsFor(compilePolicy(policy), run);
  } catch (error) {
    if (error instanceof PolicyProblem) return []; // of another version: its limits alone hold, and those are drawn
    throw error;
  }
};

const check = ({ draft, runs }: Extract<BenchTask, { kind: 'check' }>): CheckPolicyReply => {
  try {
    const policy = assembleDraft(draft);
    const compiled = compilePolicy(policy);
    return { kind: 'good', policy, outline: outlineOf(compiled, policy.files), matches: matchesOf(compiled, runs) };
  } catch (error) {
    return { kind: 'refused', problems: placesOf(error) };
  }
};

const test = ({ draft, tests }: Extract<BenchTask, { kind: 'test' }>): TestPolicyReply => {
  const beganMs = performance.now();
  const parsed = parsePolicyTest(tests, 'tests');
  if (parsed.kind === 'refused') return { kind: 'refused', of: 'tests', problems: parsed.problems };
  try {
    const report = runPolicyTests(parsed, compilePolicy(assembleDraft(draft)));
    if (report.kind === 'refused') return { kind: 'refused', of: 'tests', problems: report.problems };
    return { ...report, tookMs: Math.round(performance.now() - beganMs) };
  } catch (error) {
    return { kind: 'refused', of: 'policy', problems: placesOf(error) };
  }
};

const placesOf = (error: unknown): readonly Place[] => {
  if (error instanceof PolicyProblem) return error.problems;
  throw error;
};

// The pool calls what a file exports by default.
export default work;
