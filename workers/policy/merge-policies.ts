import type { BudgetEntry, PolicyFile, RuleEntry } from './policy-schema.ts';

export type JobMatch = NonNullable<RuleEntry['match']>;

/** A rule with what its own file and those that changed it ask of a job. */
export interface MergedRule {
  readonly entry: RuleEntry;
  readonly matches: readonly JobMatch[];
}

export type LimitKey = keyof NonNullable<PolicyFile['limits']>;

export interface MergedPolicy {
  readonly file: PolicyFile;
  readonly rules: readonly MergedRule[];
  /** What the file that set a limit asks of a job, by limit; none where it holds every job. */
  readonly limitMatches: ReadonlyMap<LimitKey, JobMatch>;
  /** What the files that told of a budget ask of a job, by its id. */
  readonly budgetMatches: ReadonlyMap<string, readonly JobMatch[]>;
}

/** Oldest first. What has an id is changed by id, and only in the keys that are named. */
export const mergePolicies = (files: readonly PolicyFile[]): MergedPolicy => {
  const [first, ...later] = files;
  if (first === undefined) throw new TypeError('nothing to merge');
  const start: MergedPolicy = {
    file: first,
    rules: mergeRules([], first),
    limitMatches: mergeLimitMatches(new Map(), first),
    budgetMatches: mergeBudgetMatches(new Map(), first),
  };
  return later.reduce(
    (merged, child) => ({
      file: mergeFiles(merged.file, child),
      rules: mergeRules(merged.rules, child),
      limitMatches: mergeLimitMatches(merged.limitMatches, child),
      budgetMatches: mergeBudgetMatches(merged.budgetMatches, child),
    }),
    start,
  );
};

const limitKeys = ({ limits }: PolicyFile): readonly LimitKey[] => Object.keys(limits ?? {}) as LimitKey[];

/** Who sets a limit again says anew whom it holds. */
const mergeLimitMatches = (parent: MergedPolicy['limitMatches'], child: PolicyFile): MergedPolicy['limitMatches'] => {
  const matches = new Map(parent);
  for (const key of limitKeys(child)) {
    if (child.match === undefined) matches.delete(key);
    else matches.set(key, child.match);
  }
  return matches;
};

const mergeBudgetMatches = (
  parent: MergedPolicy['budgetMatches'],
  { match, budgets = [] }: PolicyFile,
): MergedPolicy['budgetMatches'] => {
  if (match === undefined) return parent;
  const matches = new Map(parent);
  for (const { id } of budgets) matches.set(id, [...(parent.get(id) ?? []), match]);
  return matches;
};

const mergeFiles = (parent: PolicyFile, child: PolicyFile): PolicyFile => ({
  ...parent,
  ...child,
  rollout: { ...parent.rollout, ...child.rollout },
  defaults: {
    ...parent.defaults,
    ...child.defaults,
    stop: { ...parent.defaults?.stop, ...child.defaults?.stop },
    restart: { ...parent.defaults?.restart, ...child.defaults?.restart },
  },
  limits: { ...parent.limits, ...child.limits },
  pricing: { ...parent.pricing, ...child.pricing },
  notify: { ...parent.notify, ...child.notify },
  budgets: mergeBudgets(parent.budgets ?? [], child.budgets ?? []),
});

const mergeBudgets = (parents: readonly BudgetEntry[], own: readonly BudgetEntry[]): BudgetEntry[] => [
  ...parents.map((parent) => ({ ...parent, ...own.find(({ id }) => id === parent.id) })),
  ...own.filter(({ id }) => !parents.some((parent) => parent.id === id)),
];

const mergeRules = (parents: readonly MergedRule[], child: PolicyFile): readonly MergedRule[] => {
  const matches = child.match === undefined ? [] : [child.match];
  const changed = parents.map((parent) => {
    const own = child.rules?.find((rule) => rule.id === parent.entry.id);
    return own === undefined
      ? parent
      : { entry: override(parent.entry, own), matches: [...parent.matches, ...matches] };
  });
  const known = new Set(parents.map((parent) => parent.entry.id));
  const added = (child.rules ?? []).filter((rule) => !known.has(rule.id)).map((entry) => ({ entry, matches }));
  return [...changed, ...added];
};

/** A condition replaces a detector and the other way round: a rule has one of the two. */
const override = (parent: RuleEntry, own: RuleEntry): RuleEntry => {
  const { when, detect, ...rest } = parent;
  const condition =
    own.when !== undefined || own.detect !== undefined
      ? {}
      : { ...(when === undefined ? {} : { when }), ...(detect === undefined ? {} : { detect }) };
  return { ...rest, ...condition, ...own };
};
