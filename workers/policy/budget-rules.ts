import { buildRule, ladderOf } from './compile-rule.ts';
import type { CompiledRule } from './compiled-policy.ts';
import type { BudgetEntry, PolicyFile } from './policy-schema.ts';

/**
 * Budgets of a job as rules: `budget.<id>` when it is used up, `budget.<id>.warn-50` on the way. Those of the fleet
 * need the sum over all jobs, which no single run can see.
 */
export const budgetRules = (budgets: readonly BudgetEntry[], pricing: PolicyFile['pricing']): readonly CompiledRule[] =>
  budgets.filter((budget) => budget.scope === 'job').flatMap((budget) => rulesOf(budget, pricing));

const rulesOf = (budget: BudgetEntry, pricing: PolicyFile['pricing']): readonly CompiledRule[] => {
  const tokens = budget.tokens === undefined ? null : countOf(budget.tokens);
  const asked = typeof budget.on_exceeded === 'object' ? budget.on_exceeded.do : (budget.on_exceeded ?? 'pause');
  // Under a subscription dollars are an equivalent, not a bill: they never end a job.
  const verb = pricing?.basis === 'subscription' && tokens === null ? 'alert' : asked;
  const conditionAt = (share: number): string =>
    [
      budget.usd === undefined ? null : `cost.usd >= ${(budget.usd * share).toFixed(6)}`,
      tokens === null ? null : `tokens.total >= ${Math.round(tokens * share)}`,
    ]
      .filter((part) => part !== null)
      .join(' || ');
  const spent = budget.usd === undefined ? '{{tokens.total}} tokens' : '{{cost.usd}} dollars';
  const of = [budget.usd === undefined ? null : `$${budget.usd}`, tokens === null ? null : `${tokens} tokens`]
    .filter((part) => part !== null)
    .join(' and ');
  const warnings = (budget.warn_at ?? []).map((share) => {
    const percent = Number(share.slice(0, -1));
    return buildRule({
      id: `budget.${budget.id}.warn-${percent}`,
      when: conditionAt(percent / 100),
      summary: `${spent} spent: ${share} of budget ${budget.id} (${of})`,
      severity: 'warn',
      ladder: ladderOf('alert'),
      isLimit: true,
    });
  });
  const exceeded = buildRule({
    id: `budget.${budget.id}`,
    when: conditionAt(1),
    summary: `${spent} spent: budget ${budget.id} (${of}) is used up`,
    severity: 'critical',
    ladder: ladderOf(verb),
    isLimit: true,
  });
  return [...warnings, exceeded];
};

const countOf = (amount: number | string): number => {
  if (typeof amount === 'number') return amount;
  const scale: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };
  return Number(amount.slice(0, -1)) * (scale[amount.slice(-1)] ?? 1);
};
