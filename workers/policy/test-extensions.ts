import type { Extra } from '#protocol/spending';
import type { CompiledPolicy } from './compiled-policy.ts';
import { parseDurationMs } from './duration.ts';
import { extendBudgets } from './extend-budgets.ts';
import type { PolicyTestCase } from './policy-test-schema.ts';

/** The policy as it stands at a moment of a test, after what was added to its budgets by then. */
export const createExtendedPolicy = (
  policy: CompiledPolicy,
  extensions: PolicyTestCase['extensions'] = [],
): ((nowMs: number) => CompiledPolicy) => {
  const made = extensions.map(({ at, budget }) => ({ atMs: parseDurationMs(at) ?? 0, budget }));
  let [current, known] = [policy, 0];
  return (nowMs) => {
    const due = made.filter(({ atMs }) => atMs <= nowMs).map(({ budget }) => budget);
    // A new policy object for each tick would be compiled for each tick.
    if (due.length !== known) [current, known] = [extendBudgets(policy, extraOf(policy, due)), due.length];
    return current;
  };
};

/** By the step of the policy, and no more often than it allows. */
const extraOf = ({ budgets }: CompiledPolicy, due: readonly string[]): ReadonlyMap<string, Extra> =>
  new Map(
    budgets.map(({ id, extend }) => {
      const times = Math.min(due.filter((one) => one === id).length, extend?.max ?? 0);
      return [id, { usd: times * (extend?.step ?? 0), tokens: 0 }];
    }),
  );
