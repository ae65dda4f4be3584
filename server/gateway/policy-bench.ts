import { Piscina } from 'piscina';
import type { PolicyText } from '#protocol/messages';
import type { CheckPolicyReply, RuleThreshold, TestPolicyReply } from '#protocol/policy-views';
import type { BenchResult, BenchTask, Outlined } from './policy-bench-task.ts';
import type { PolicyDraft } from './policy-draft.ts';
import type { JudgedRun } from './policy-matches.ts';

/** Reads, checks and tests policies on another thread: compiling them takes longer than the gateway may be silent. */
export interface PolicyBench {
  outline(policy: PolicyText): Promise<Outlined>;
  thresholds(policy: PolicyText, judged: JudgedRun): Promise<readonly RuleThreshold[]>;
  check(draft: PolicyDraft, runs: readonly JudgedRun[]): Promise<CheckPolicyReply>;
  test(draft: PolicyDraft, tests: string): Promise<TestPolicyReply>;
  close(): Promise<void>;
}

const deadlineMs = 20_000;
const idleMs = 60_000;
const mostWaiting = 16;
const mostOutlines = 32;

export const createPolicyBench = (): PolicyBench => {
  let pool: Piscina<BenchTask, BenchResult> | null = null;
  const outlines = new Map<string, Promise<Outlined>>();

  const run = <Result extends BenchResult>(task: BenchTask): Promise<Result> => {
    pool ??= new Piscina<BenchTask, BenchResult>({
      filename: new URL('./policy-bench-task.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      maxQueue: mostWaiting,
      idleTimeout: idleMs,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    return pool.run(task, { signal: AbortSignal.timeout(deadlineMs) }) as Promise<Result>;
  };

  return {
    outline: (policy) => {
      const known = outlines.get(policy.hash);
      if (known !== undefined) return known;
      const made = run<Outlined>({ kind: 'outline', policy });
      outlines.set(policy.hash, made);
      made.catch(() => outlines.delete(policy.hash)); // whoever asked gets the error; the next one may ask again
      const [oldest] = outlines.keys();
      if (outlines.size > mostOutlines && oldest !== undefined) outlines.delete(oldest);
      return made;
    },
    thresholds: (policy, judged) => run({ kind: 'thresholds', policy, run: judged }),
    check: (draft, runs) => run({ kind: 'check', draft, runs }),
    test: (draft, tests) => run({ kind: 'test', draft, tests }),
    close: async () => {
      await pool?.destroy();
    },
  };
};
