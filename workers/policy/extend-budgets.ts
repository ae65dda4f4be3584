import { budgetRules } from './budget-rules.ts';
import type { CompiledPolicy } from './compiled-policy.ts';

/** The same policy with dollars added to some of its budgets; rules that stay the same stay the same objects. */
export const extendBudgets = (policy: CompiledPolicy, extraUsd: ReadonlyMap<string, number>): CompiledPolicy => {
  const extended = policy.budgets.flatMap((budget) => {
    const extra = extraUsd.get(budget.id) ?? 0;
    return budget.usd !== undefined && extra > 0 ? [{ ...budget, usd: budget.usd + extra }] : [];
  });
  if (extended.length === 0) return policy;
  const fresh = new Map(budgetRules(extended, policy.pricing).map((rule) => [rule.id, rule]));
  return {
    ...policy,
    budgets: policy.budgets.map((budget) => extended.find(({ id }) => id === budget.id) ?? budget),
    rules: policy.rules.map((rule) => fresh.get(rule.id) ?? rule),
  };
};
