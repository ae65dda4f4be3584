import type { Verb } from '#protocol/judgement';
import type { BudgetWindow } from './budget-window.ts';
import { buildRule, ladderOf } from './compile-rule.ts';
import type { CompiledRule } from './compiled-policy.ts';
import type { BudgetEntry, PolicyFile } from './policy-schema.ts';

/**
 * Budgets as rules: `budget.<id>` when it is used up, `budget.<id>.warn-50` on the way, `budget.<id>.usd` for dollars that
 * nobody is billed for beside tokens that count. A budget of a job reads what the
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
  // Under a subscription dollars are an equivalent, not a bill: they never end a job, whatever stands beside them.
  const isUnbilled = pricing?.basis === 'subscription' && budget.usd !== undefined;
  const warnings = (budget.warn_at ?? []).map((share) => {
    const percent = Number(share.slice(0, -1));
    const { when, spent, of } = meteredWords(budget, pricing, percent / 100);
    return buildRule({
      id: `budget.${budget.id}.warn-${percent}`,
      when,
      summary: `${spent} spent${meter.by}: ${share} of budget ${budget.id} (${of})`,
      severity: 'warn',
      ladder: ladderOf('alert'),
      isLimit: true,
    });
  });
  const used = (id: string, amounts: BudgetEntry, verb: Verb): CompiledRule => {
    const { when, spent, of } = meteredWords(amounts, pricing, 1);
    return buildRule({
      id,
      when: one ? `${when} && fleet.top_burner == 1` : when,
      summary: `${spent} spent${meter.by}: budget ${budget.id} (${of}) is used up`,
      severity: 'critical',
      ladder: ladderOf(verb),
      isLimit: true,
    });
  };
  const { usd: _, ...tokensAlone } = budget;
  const { tokens: __, ...dollarsAlone } = budget;
  if (!isUnbilled) return [...warnings, used(`budget.${budget.id}`, budget, asked)];
  if (tokens === null) return [...warnings, used(`budget.${budget.id}`, budget, 'alert')];
  return [
    ...warnings,
    used(`budget.${budget.id}`, tokensAlone, asked),
    used(`budget.${budget.id}.usd`, dollarsAlone, 'alert'),
  ];
};

/** When a share of a budget is used up, and how that is said. */
const meteredWords = (budget: BudgetEntry, pricing: PolicyFile['pricing'], share: number) => {
  const tokens = tokensOf(budget);
  const meter = meterOf(budget);
  const onlyPriced = pricing?.unknown_model === 'block-budget-rules' ? ` && ${meter.basis} != "unpriced"` : '';
  const dollars = budget.usd === undefined ? null : Number((budget.usd * share).toFixed(6));
  const parts = [
    dollars === null ? null : `${meter.usd} >= ${dollars}${onlyPriced}`,
    tokens === null ? null : `${meter.tokens} >= ${Math.round(tokens * share)}`,
  ].filter((part) => part !== null);
  const spent = [
    budget.usd === undefined ? null : `{{${meter.usd}}} dollars ({{${meter.basis}}})`,
    tokens === null ? null : `{{${meter.tokens}}} tokens`,
  ].filter((part) => part !== null);
  return {
    when: budget.scope === 'job' ? parts.join(' || ') : `(${parts.join(' || ')}) && tokens.total > 0`,
    spent: spent.join(' and '),
    of: [budget.usd === undefined ? null : `$${budget.usd}`, tokens === null ? null : `${tokens} tokens`]
      .filter((part) => part !== null)
      .join(' and '),
  };
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
export const tokensOf = ({ tokens }: Pick<BudgetEntry, 'tokens'>): number | null => {
  if (tokens === undefined || typeof tokens === 'number') return tokens ?? null;
  const scale: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };
  return Number(tokens.slice(0, -1)) * (scale[tokens.slice(-1)] ?? 1);
};
