import { openPolicyStore } from '#config/policy-store';
import { readSpending } from '#config/spending-file';
import { tokensOf } from '#policy/budget-rules';
import { openWindow, sayWindow } from '#policy/budget-window';
import { compilePolicy } from '#policy/compile-policy';
import type { BudgetEntry } from '#policy/policy-schema';
import { SpendBook } from '#policy/spend-book';
import type { BudgetView } from '#protocol/gateway-api';
import type { SignalVector } from '#protocol/signals';
import {
  type CostBasis,
  costBases,
  type Extra,
  extraIn,
  type KeptSpending,
  nothingExtra,
  sayTokens,
} from '#protocol/spending';
import type { RunView } from '#protocol/views';
import type { Site } from './site.ts';

export interface StandingBudget extends BudgetView {
  /** How much one extension adds and how many there may be; null where the policy says nothing. */
  readonly extend: BudgetEntry['extend'] | null;
  /** False: its dollars hold nobody, they are no bill. */
  readonly isBilled: boolean;
}

/** The budgets of one run's policy: its own first, then those of the fleet that it counts into. */
export const budgetsOf = async (site: Site, view: RunView): Promise<readonly StandingBudget[]> => {
  const active = (await site.coordinator.activePolicies()).find(({ runIds }) => runIds.includes(view.runId));
  const entries = active === undefined ? [] : entriesOf(site, active.hash);
  const extended = await site.ledger.ofKinds(['budget-extended'], 500);
  const signals = site.fleet.live(view.runId)?.signals ?? {};
  const own = entries
    .filter(({ scope }) => scope === 'job')
    .map((entry): StandingBudget => {
      const last = extended.flatMap(({ fact }) =>
        fact.kind === 'budget-extended' && fact.runId === view.runId && fact.budget === entry.id ? [fact] : [],
      )[0];
      const extra = { ...(last === undefined ? nothingExtra : extraIn(last)), times: last?.times ?? 0 };
      const whose = { scope: 'job', runId: view.runId, name: view.name, window: null } as const;
      return { ...whose, ...standing(entry, extra, spentIn(signals)) };
    });
  return [...own, ...ofFleet(site, active?.name ?? '', entries)];
};

/** The budgets of the fleet of all policies that live runs follow, one of each name. */
export const fleetBudgets = async (site: Site): Promise<readonly StandingBudget[]> => {
  const active = (await site.coordinator.activePolicies()).filter(({ runIds }) => runIds.length > 0);
  const all = active.flatMap(({ hash, name }) => ofFleet(site, name, entriesOf(site, hash)));
  return [...new Map(all.map((budget) => [budget.budget, budget])).values()];
};

type WrittenBudget = BudgetEntry & Pick<StandingBudget, 'isBilled'>;

const entriesOf = (site: Site, hash: string): readonly WrittenBudget[] => {
  const text = openPolicyStore(site.status().home).find(hash);
  if (text === null) return [];
  const { budgets, pricing } = compilePolicy(text);
  return budgets.map((budget) => ({ ...budget, isBilled: pricing?.basis !== 'subscription' }));
};

const ofFleet = (site: Site, policy: string, entries: readonly WrittenBudget[]): readonly StandingBudget[] => {
  const ofAll = entries.filter(({ scope }) => scope === 'fleet');
  if (ofAll.length === 0) return [];
  const { kept } = readSpending(site.status().home);
  const book = new SpendBook(kept.state);
  const nowMs = site.clock.now();
  return ofAll.map((entry) => standingOfFleet(entry, { kept, book, nowMs, policy }));
};

const standingOfFleet = (
  entry: WrittenBudget,
  seen: {
    readonly kept: KeptSpending;
    readonly book: SpendBook;
    readonly nowMs: number;
    readonly policy: string;
  },
): StandingBudget => {
  const { kept, book, nowMs, policy } = seen;
  const window = entry.window ?? 'day';
  const open = openWindow(window, nowMs);
  const sum = open === null ? null : book.spentSince(open.fromMs);
  const spent =
    sum === null
      ? { usd: null, tokens: null, basis: null }
      : { usd: sum.micros / 1e6, tokens: sum.tokens, basis: sum.basis };
  const extension = kept.extensions.find(({ budget, untilMs }) => budget === entry.id && untilMs > nowMs);
  return {
    scope: 'fleet',
    runId: null,
    name: policy,
    window: { name: sayWindow(window), fromMs: open?.fromMs ?? null, openUntilMs: open?.untilMs ?? null },
    ...standing(
      entry,
      { ...(extension === undefined ? nothingExtra : extraIn(extension)), times: extension?.times ?? 0 },
      spent,
    ),
  };
};

interface SpentNow {
  readonly usd: number | null;
  readonly tokens: number | null;
  readonly basis: CostBasis | null;
}

const spentIn = (signals: SignalVector): SpentNow => {
  const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return {
    usd: numberOf(signals['cost.usd']),
    tokens: numberOf(signals['tokens.total']),
    basis: costBases.find((basis) => basis === signals['cost.basis']) ?? null,
  };
};

const standing = (
  entry: WrittenBudget,
  extra: Extra & { readonly times: number },
  spent: SpentNow,
): Omit<StandingBudget, 'scope' | 'runId' | 'name' | 'window'> => {
  const usd = entry.usd === undefined ? null : entry.usd + extra.usd;
  const asWritten = tokensOf(entry);
  const tokens = asWritten === null ? null : asWritten + extra.tokens;
  return {
    budget: entry.id,
    usd,
    extraUsd: extra.usd,
    extraTokens: extra.tokens,
    times: extra.times,
    tokens: tokens === null ? null : sayTokens(tokens),
    spentUsd: spent.usd,
    spentTokens: spent.tokens,
    basis: spent.basis,
    leftUsd: usd === null ? null : Math.max(0, usd - (spent.usd ?? 0)),
    leftTokens: tokens === null ? null : Math.max(0, tokens - (spent.tokens ?? 0)),
    extend: entry.extend ?? null,
    isBilled: entry.isBilled,
  };
};
