import { rolloutModes } from '#protocol/judgement';
import { tokensOf } from './budget-rules.ts';
import { above, inFile, type Loosening, longer, usualCanaryPct } from './floor-measure.ts';
import { ruleLoosenings } from './floor-rule.ts';
import type { Kin, Parsed } from './lineage.ts';
import { type MergedPolicy, mergePolicies } from './merge-policies.ts';
import type { BudgetEntry, PolicyFile } from './policy-schema.ts';
import type { Problem } from './problem.ts';
import { parseSizeBytes } from './size.ts';

/**
 * A policy with `floor: true` holds for all that build on it, whatever stands before or after it: what comes of all
 * files together is held against the floor alone. Whatever cannot be shown to be tighter is refused where it was said.
 */
export const floorProblems = (lineage: readonly Kin[], merged: MergedPolicy): Problem[] =>
  lineage.flatMap((kin) => {
    if (kin.policy.floor !== true) return [];
    const own = [...kin.ancestors, kin];
    const floor = mergePolicies(own.map(({ policy }) => policy));
    const others = lineage.filter(({ source }) => !own.some((one) => one.source.path === source.path));
    const problems = looseningsIn(merged, floor).map(({ at, why }) =>
      problemAt(others, { at, why: `the floor ${kin.policy.metadata.name} may only be tightened: ${why}` }),
    );
    return problems.filter((problem, index) => problems.findIndex((other) => isSame(problem, other)) === index);
  });

/** At the key that decides, in the file whose word counts: the last one of those that are not the floor. */
const problemAt = (others: readonly Parsed[], { at, why }: Loosening): Problem => {
  const places = at.flatMap((locate) =>
    others
      .flatMap(({ policy, source }) => {
        const path = locate(policy);
        return path === null ? [] : [source.problem(path, why, { key: true })];
      })
      .slice(-1),
  );
  const [place = others.at(-1)?.source.problem(['extends'], why, { key: true })] = places;
  if (place === undefined) throw new TypeError(`a floor is looser than itself: ${why}`);
  return place;
};

const isSame = (one: Problem, other: Problem): boolean =>
  one.path === other.path && one.line === other.line && one.column === other.column && one.message === other.message;

const looseningsIn = (merged: MergedPolicy, floor: MergedPolicy): readonly Loosening[] => [
  ...limits(merged.file, floor.file),
  ...rollout(merged.file, floor.file),
  ...pricing(merged.file, floor.file),
  ...(floor.file.budgets ?? []).flatMap((must) => {
    const own = merged.file.budgets?.find(({ id }) => id === must.id);
    return own === undefined ? [] : budgets(own, must);
  }),
  ...ruleLoosenings(merged, floor),
];

const limits = ({ limits: own }: PolicyFile, { limits: floor }: PolicyFile): readonly Loosening[] => {
  const sizes = (['mem.rss', 'disk.written'] as const).flatMap((key) =>
    above(key, own?.[key], floor?.[key], { measure: parseSizeBytes, at: [inFile('limits', key)] }),
  );
  const processes = above('procs.count', own?.['procs.count'], floor?.['procs.count'], {
    measure: (count) => count,
    at: [inFile('limits', 'procs.count')],
  });
  if (floor?.wall_clock === undefined) return [...sizes, ...processes];
  const at = [inFile('limits', 'wall_clock')];
  return [...sizes, ...processes, ...longer('wall_clock', own?.wall_clock, floor.wall_clock, at)];
};

/** A floor that is in force everywhere may not be let off anywhere. */
const rollout = ({ rollout: own }: PolicyFile, { rollout: floor }: PolicyFile): readonly Loosening[] => {
  const [mode, must] = [own?.mode ?? 'enforce', floor?.mode ?? 'enforce'];
  if (rolloutModes.indexOf(mode) < rolloutModes.indexOf(must))
    return [{ at: [inFile('rollout', 'mode')], why: `its rollout is ${must}, ${mode} would act less` }];
  const [percent, least] = [own?.percent ?? usualCanaryPct, floor?.percent ?? usualCanaryPct];
  return mode === 'canary' && must === 'canary' && percent < least
    ? [{ at: [inFile('rollout', 'percent')], why: `its canary takes ${least} %, ${percent} % is less` }]
    : [];
};

const pricing = ({ pricing: own }: PolicyFile, { pricing: floor }: PolicyFile): readonly Loosening[] => [
  ...(own?.basis === 'subscription' && floor?.basis !== 'subscription'
    ? [{ at: [inFile('pricing', 'basis')], why: 'with a subscription dollars would stop nothing any more' }]
    : []),
  ...(own?.unknown_model === 'block-budget-rules' && floor?.unknown_model !== 'block-budget-rules'
    ? [{ at: [inFile('pricing', 'unknown_model')], why: 'a model without a price would be held to no dollars' }]
    : []),
];

const budgetVerbs = ['alert', 'pause', 'stop'] as const;

const budgets = (own: BudgetEntry, floor: BudgetEntry): readonly Loosening[] => {
  const at = (key: keyof BudgetEntry) => [inBudget(floor.id, key), inBudget(floor.id, 'id')];
  const isOther = own.scope !== floor.scope || JSON.stringify(own.window) !== JSON.stringify(floor.window);
  const [more, most] = [own, floor].map(({ extend }) => (extend === undefined ? 0 : extend.step * extend.max));
  const unsaid = (floor.warn_at ?? []).filter(
    (share) => !(own.warn_at ?? []).some((earlier) => Number.parseFloat(earlier) <= Number.parseFloat(share)),
  );
  return [
    ...(isOther ? [{ at: at('id'), why: `budget ${floor.id} has another scope or window` }] : []),
    ...above('usd', own.usd, floor.usd, { measure: (usd) => usd, at: at('usd') }),
    ...above('tokens', own.tokens, floor.tokens, {
      measure: (tokens) => tokensOf({ ...own, tokens }),
      at: at('tokens'),
    }),
    ...(isWeaker(own, floor)
      ? [{ at: at('on_exceeded'), why: `budget ${floor.id} asks for more once it is used up` }]
      : []),
    ...((more ?? 0) > (most ?? 0) ? [{ at: at('extend'), why: `budget ${floor.id} may be extended by less` }] : []),
    ...(unsaid.length > 0 ? [{ at: at('warn_at'), why: `budget ${floor.id} warns at ${unsaid.join(' and ')}` }] : []),
  ];
};

const isWeaker = (own: BudgetEntry, floor: BudgetEntry): boolean => {
  const verbOf = ({ on_exceeded: asked = 'pause' }: BudgetEntry) => (typeof asked === 'object' ? asked.do : asked);
  const selects = ({ on_exceeded: asked }: BudgetEntry): boolean =>
    typeof asked === 'object' && asked.select !== undefined;
  return budgetVerbs.indexOf(verbOf(own)) < budgetVerbs.indexOf(verbOf(floor)) || (selects(own) && !selects(floor));
};

const inBudget =
  (id: string, key: keyof BudgetEntry) =>
  ({ budgets: all = [] }: PolicyFile) => {
    const index = all.findIndex((budget) => budget.id === id);
    return all[index]?.[key] === undefined ? null : key === 'id' ? ['budgets', index] : ['budgets', index, key];
  };
