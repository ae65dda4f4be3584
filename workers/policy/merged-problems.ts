import type { Rollout } from '#protocol/judgement';
import { nightsOf } from './budget-rules.ts';
import { sayWindow } from './budget-window.ts';
import type { Parsed } from './lineage.ts';
import type { MergedPolicy } from './merge-policies.ts';
import { nearestName } from './nearest-name.ts';
import type { PolicyFile } from './policy-schema.ts';
import type { Problem } from './problem.ts';
import { rolloutProblems } from './rollout-problems.ts';

/** What no file of a policy does wrong by itself, and all of them together do; `lineage` is oldest first. */
export const mergedProblems = (merged: MergedPolicy, lineage: readonly Parsed[], base: Rollout): Problem[] => [
  ...nightProblems(merged, lineage),
  ...budgetProblems(merged, lineage),
  ...conditionProblems(merged, lineage),
  ...lineage.slice(-1).flatMap((child) => rolloutProblems(merged, child, base)),
];

/** What was left out, and no file says; told where it was named last. */
const budgetProblems = ({ file }: MergedPolicy, lineage: readonly Parsed[]): Problem[] =>
  (file.budgets ?? []).flatMap(({ id, usd, tokens, scope, window }) => {
    const noAmount = usd === undefined && tokens === undefined;
    if (!noAmount && (scope !== 'fleet' || window !== undefined)) return [];
    const by = lastToName(lineage, ({ budgets = [] }) => budgets.findIndex((budget) => budget.id === id));
    const what = noAmount ? '"usd" or "tokens"' : 'a "window"';
    return by === undefined
      ? []
      : [by.source.problem(['budgets', by.index], `budget "${id}" needs ${what}, and no parent says it`)];
  });

const nightProblems = ({ file }: MergedPolicy, lineage: readonly Parsed[]): Problem[] => {
  const nights = nightsOf(file.budgets ?? []);
  if (nights.length < 2) return [];
  const by = lastToName(lineage, ({ budgets = [] }) =>
    budgets.findLastIndex(({ window }) => typeof window === 'object'),
  );
  const why = `expected the same times of day in all budgets, got ${nights.map(sayWindow).join(' and ')}; a policy has one such window`;
  return by === undefined ? [] : [by.source.problem(['budgets', by.index, 'window'], why)];
};

const conditionProblems = ({ rules }: MergedPolicy, lineage: readonly Parsed[]): Problem[] =>
  rules.flatMap(({ entry }) => {
    if (entry.when !== undefined || entry.detect !== undefined) return [];
    const by = lastToName(lineage, ({ rules: own = [] }) => own.findIndex((rule) => rule.id === entry.id));
    const others = rules.flatMap((other) => (other.entry.id === entry.id ? [] : [other.entry.id]));
    const near = nearestName(entry.id, others);
    const hint = near === null ? '' : `. Did you mean ${near}?`;
    const why = `rule "${entry.id}" has no condition, and no parent has a rule of that id${hint}`;
    return by === undefined ? [] : [by.source.problem(['rules', by.index, 'id'], why)];
  });

const lastToName = (lineage: readonly Parsed[], indexIn: (policy: PolicyFile) => number) =>
  lineage.map(({ policy, source }) => ({ source, index: indexIn(policy) })).findLast(({ index }) => index !== -1);
