import { openPolicyStore } from '#config/policy-store';
import { compilePolicy } from '#policy/compile-policy';
import type { BudgetEntry } from '#policy/policy-schema';
import type { BudgetView } from '#protocol/gateway-api';
import type { RunView } from '#protocol/views';
import type { Site } from './site.ts';

export interface RunBudget extends BudgetView {
  /** How much one extension adds and how many there may be; null where the policy says nothing. */
  readonly extend: BudgetEntry['extend'] | null;
}

/** The budgets of a job as they stand for one run: what the policy grants, what was added, what is spent. */
export const budgetsOf = async (site: Site, home: string, view: RunView): Promise<readonly RunBudget[]> => {
  const active = (await site.coordinator.activePolicies()).find(({ runIds }) => runIds.includes(view.runId));
  const text = active === undefined ? null : openPolicyStore(home).find(active.hash);
  if (text === null) return [];
  const extended = await site.ledger.ofKinds(['budget-extended'], 500);
  const signals = site.fleet.live(view.runId)?.signals ?? {};
  const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return compilePolicy(text)
    .budgets.filter(({ scope }) => scope === 'job')
    .map((budget): RunBudget => {
      const own = extended.flatMap(({ fact }) =>
        fact.kind === 'budget-extended' && fact.runId === view.runId && fact.budget === budget.id ? [fact] : [],
      );
      const extraUsd = own[0]?.extraUsd ?? 0;
      return {
        budget: budget.id,
        runId: view.runId,
        name: view.name,
        usd: budget.usd === undefined ? null : budget.usd + extraUsd,
        extraUsd,
        times: own[0]?.times ?? 0,
        tokens: budget.tokens === undefined ? null : String(budget.tokens),
        spentUsd: numberOf(signals['cost.usd']),
        spentTokens: numberOf(signals['tokens.total']),
        extend: budget.extend ?? null,
      };
    });
};
