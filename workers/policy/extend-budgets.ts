import type { Extra } from '#protocol/spending';
import { budgetRules, tokensOf } from './budget-rules.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { BudgetEntry } from './policy-schema.ts';

/** The same policy with more in some of its budgets; rules that stay the same stay the same objects. */
export const extendBudgets = (policy: CompiledPolicy, extra: ReadonlyMap<string, Extra>): CompiledPolicy => {
  const extended = policy.budgets.flatMap((budget) => {
    const longer = extendBudget(budget, extra.get(budget.id));
    return longer === budget ? [] : [longer];
  });
  if (extended.length === 0) return policy;
  const fresh = new Map(budgetRules(extended, policy.pricing).map((rule) => [rule.id, rule]));
  return {
    ...policy,
    budgets: policy.budgets.map((budget) => extended.find(({ id }) => id === budget.id) ?? budget),
    rules: policy.rules.map((rule) => {
      const own = fresh.get(rule.id);
      return own === undefined ? rule : { ...own, appliesTo: rule.appliesTo };
    }),
  };
};

/** What a budget does not count is not added to it. */
const extendBudget = (budget: BudgetEntry, extra: Extra | undefined): BudgetEntry => {
  const tokens = tokensOf(budget);
  const usd = budget.usd !== undefined && extra !== undefined && extra.usd > 0 ? { usd: budget.usd + extra.usd } : null;
  const more = tokens !== null && extra !== undefined && extra.tokens > 0 ? { tokens: tokens + extra.tokens } : null;
  return usd === null && more === null ? budget : { ...budget, ...usd, ...more };
};
