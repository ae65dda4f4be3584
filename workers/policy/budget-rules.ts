import type { BudgetWindow } from './budget-window.ts';
import { buildRule, ladderOf } from './compile-rule.ts';
import type { CompiledRule } from './compiled-policy.ts';
import type { BudgetEntry, PolicyFile } from './policy-schema.ts';

/**
 * Budgets as rules: `budget.<id>` when it is used up, `budget.<id>.warn-50` on the way. A budget of a job reads what the
 * run has spent; one of the fleet reads the sum over all jobs in its window, and is for every run that spends.
 */
export const budgetRules = (
  budgets: readonly BudgetEntry[],
  pricing: PolicyFile['pricing'],
): readonly CompiledRule[] => [
  ...budgets.flatMap((budget) => rulesOf(budget, pricing)),
  ...(pricing?.unknown_model === 'warn' && budgets.some(({ usd }) => usd !== undefined) ? [unpriced()] : []),
];

/** A budget in dollars sees nothing of a model without a price: somebody has to know. */
const unpriced = (): CompiledRule =>
  buildRule({
    id: 'budget.unpriced',
    when: 'cost.basis == "unpriced" && tokens.total > 0',
    dwellMs: 10_000,
    summary: 'a model without a known price: {{tokens.total}} tokens, {{cost.usd}} dollars are all that budgets see',
    severity: 'warn',
    ladder: ladderOf('alert'),
    isLimit: true,
  });

/** The different windows with times of day; a policy may have one. */
export const nightsOf = (budgets: readonly BudgetEntry[]): readonly BudgetWindow[] => {
  const nights = budgets.flatMap(({ window }) => (typeof window === 'object' ? [window] : []));
  return [...new Map(nights.map((night) => [`${night.from} ${night.to}`, night])).values()];
};

const rulesOf = (budget: BudgetEntry, pricing: PolicyFile['pricing']): readonly CompiledRule[] => {
  const tokens = tokensOf(budget);
  const meter = meterOf(budget);
  const asked = typeof budget.on_exceeded === 'object' ? budget.on_exceeded.do : (budget.on_exceeded ?? 'pause');
  const one = typeof budget.on_exceeded === 'object' && budget.on_exceeded.select !== undefined;
  // Under a subscription dollars are an equivalent, not a bill: they never end a job.
  const verb = pricing?.basis === 'subscription' && tokens === null ? 'alert' : asked;
  const onlyPriced = pricing?.unknown_model === 'block-budget-rules' ? ` && ${meter.basis} != "unpriced"` : '';
  const conditionAt = (share: number): string => {
    const parts = [
      budget.usd === undefined ? null : `${meter.usd} >= ${Number((budget.usd * share).toFixed(6))}${onlyPriced}`,
      tokens === null ? null : `${meter.tokens} >= ${Math.round(tokens * share)}`,
    ].filter((part) => part !== null);
    return budget.scope === 'job' ? parts.join(' || ') : `(${parts.join(' || ')}) && tokens.total > 0`;
  };
  const spent =
    budget.usd === undefined ? `{{${meter.tokens}}} tokens` : `{{${meter.usd}}} dollars ({{${meter.basis}}})`;
  const of = [budget.usd === undefined ? null : `$${budget.usd}`, tokens === null ? null : `${tokens} tokens`]
    .filter((part) => part !== null)
    .join(' and ');
  const warnings = (budget.warn_at ?? []).map((share) => {
    const percent = Number(share.slice(0, -1));
    return buildRule({
      id: `budget.${budget.id}.warn-${percent}`,
      when: conditionAt(percent / 100),
      summary: `${spent} spent${meter.by}: ${share} of budget ${budget.id} (${of})`,
      severity: 'warn',
      ladder: ladderOf('alert'),
      isLimit: true,
    });
  });
  const exceeded = buildRule({
    id: `budget.${budget.id}`,
    when: one ? `${conditionAt(1)} && fleet.top_burner == 1` : conditionAt(1),
    summary: `${spent} spent${meter.by}: budget ${budget.id} (${of}) is used up`,
    severity: 'critical',
    ladder: ladderOf(verb),
    isLimit: true,
  });
  return [...warnings, exceeded];
};

/** The signals that a budget is held against, and whose spending they are. */
export const meterOf = ({ scope, window = 'day' }: BudgetEntry) => {
  if (scope === 'job') return { usd: 'cost.usd', tokens: 'tokens.total', basis: 'cost.basis', by: '' } as const;
  const name = typeof window === 'string' ? window : 'window';
  return {
    usd: `fleet.usd_${name}`,
    tokens: `fleet.tokens_${name}`,
    basis: 'fleet.basis',
    by: ' by all jobs',
  } as const;
};

/** null where the budget is in dollars alone. */
export const tokensOf = ({ tokens }: BudgetEntry): number | null => {
  if (tokens === undefined || typeof tokens === 'number') return tokens ?? null;
  const scale: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };
  return Number(tokens.slice(0, -1)) * (scale[tokens.slice(-1)] ?? 1);
};
