import { rolloutModes, type Verb, verbs } from '#protocol/judgement';
import { tokensOf } from './budget-rules.ts';
import { parseDurationMs } from './duration.ts';
import { mergePolicies } from './merge-policies.ts';
import type { BudgetEntry, PolicyFile, RuleEntry } from './policy-schema.ts';
import type { Problem } from './problem.ts';
import { parseSizeBytes } from './size.ts';
import type { Path, YamlSource } from './yaml-source.ts';

interface Read {
  readonly policy: PolicyFile;
  readonly source: YamlSource;
}

/** Where a file asks for less than a parent with `floor: true` has laid down: the key and why it may not. */
interface Loosening {
  readonly at: Path;
  readonly why: string;
}

/**
 * A policy with `floor: true` holds for all that extend it: they may add rules and budgets and tighten what is there.
 * Whatever cannot be shown to be tighter is refused at its place. `lineage` is oldest first.
 */
export const floorProblems = (lineage: readonly Read[]): Problem[] =>
  lineage.flatMap(({ policy, source }, index) => {
    const last = lineage.slice(0, index).findLastIndex((one) => one.policy.floor === true);
    const [first, ...rest] = lineage.slice(0, last + 1).map((one) => one.policy);
    if (last === -1 || first === undefined) return [];
    const { file, rules } = mergePolicies([first, ...rest]);
    const floor = { ...file, rules: rules.map(({ entry }) => entry) };
    return looseningsIn(policy, floor).map(({ at, why }) =>
      source.problem(at, `the floor ${floor.metadata.name} may only be tightened: ${why}`, { key: true }),
    );
  });

const looseningsIn = (own: PolicyFile, floor: PolicyFile): readonly Loosening[] => [
  ...limits(own, floor),
  ...rollout(own.rollout, floor.rollout, ['rollout']),
  ...longer(own.defaults?.warmup, floor.defaults?.warmup, ['defaults', 'warmup']),
  ...longer(own.defaults?.stop?.grace, floor.defaults?.stop?.grace, ['defaults', 'stop', 'grace']),
  ...(own.pricing?.basis === 'subscription' && floor.pricing?.basis !== 'subscription'
    ? [{ at: ['pricing', 'basis'], why: 'with a subscription dollars would stop nothing any more' }]
    : []),
  ...(own.budgets ?? []).flatMap((budget, index) => {
    const known = floor.budgets?.find(({ id }) => id === budget.id);
    return known === undefined ? [] : budgets(budget, known, ['budgets', index]);
  }),
  ...(own.rules ?? []).flatMap((rule, index) => {
    const known = floor.rules?.find(({ id }) => id === rule.id);
    if (known === undefined) return [];
    const narrowed = own.match === undefined ? [] : [{ at: ['match'], why: `rule ${rule.id} would be for fewer jobs` }];
    return [...narrowed, ...rules(rule, known, ['rules', index])];
  }),
];

const limits = ({ limits: own }: PolicyFile, { limits: floor }: PolicyFile): readonly Loosening[] => {
  const sizes = (['mem.rss', 'disk.written'] as const).flatMap((key) =>
    above(key, own?.[key], floor?.[key], { measure: parseSizeBytes, at: ['limits', key] }),
  );
  const processes = above('procs.count', own?.['procs.count'], floor?.['procs.count'], {
    measure: (count) => count,
    at: ['limits', 'procs.count'],
  });
  return [...sizes, ...processes, ...longer(own?.wall_clock, floor?.wall_clock, ['limits', 'wall_clock'])];
};

/** A floor that is in force everywhere may not be let off anywhere. */
const rollout = (own: PolicyFile['rollout'], floor: PolicyFile['rollout'], at: Path): readonly Loosening[] => {
  const must = floor?.mode ?? 'enforce';
  if (own?.mode !== undefined && rolloutModes.indexOf(own.mode) < rolloutModes.indexOf(must))
    return [{ at: [...at, 'mode'], why: `its rollout is ${must}, ${own.mode} would act less` }];
  if (own?.percent !== undefined && own.mode !== 'enforce' && own.percent < (floor?.percent ?? 0))
    return [{ at: [...at, 'percent'], why: `its canary takes ${floor?.percent} %, ${own.percent} % is less` }];
  return [];
};

const budgetVerbs = ['alert', 'pause', 'stop'] as const;

const budgets = (own: BudgetEntry, floor: BudgetEntry, at: Path): readonly Loosening[] => {
  const changed =
    own.scope !== floor.scope ||
    (own.window !== undefined && JSON.stringify(own.window) !== JSON.stringify(floor.window));
  const verbOf = ({ on_exceeded: asked = 'pause' }: BudgetEntry) => (typeof asked === 'object' ? asked.do : asked);
  const selects = ({ on_exceeded: asked }: BudgetEntry): boolean =>
    typeof asked === 'object' && asked.select !== undefined;
  const weaker =
    own.on_exceeded !== undefined &&
    (budgetVerbs.indexOf(verbOf(own)) < budgetVerbs.indexOf(verbOf(floor)) || (selects(own) && !selects(floor)));
  const [more, most] = [own, floor].map(({ extend }) => (extend === undefined ? 0 : extend.step * extend.max));
  return [
    ...(changed ? [{ at, why: `budget ${floor.id} has another scope or window` }] : []),
    ...above('usd', own.usd, floor.usd, { measure: (usd) => usd, at: [...at, 'usd'] }),
    ...above('tokens', own.tokens, floor.tokens, {
      measure: (tokens) => tokensOf({ ...own, tokens }) ?? 0,
      at: [...at, 'tokens'],
    }),
    ...(weaker ? [{ at: [...at, 'on_exceeded'], why: `budget ${floor.id} asks for more once it is used up` }] : []),
    ...(own.extend !== undefined && (more ?? 0) > (most ?? 0)
      ? [{ at: [...at, 'extend'], why: `budget ${floor.id} may be extended by less` }]
      : []),
  ];
};

const rules = (own: RuleEntry, floor: RuleEntry, at: Path): readonly Loosening[] => [
  // Whether another condition is stricter cannot be told from its text: a rule of one's own can.
  ...(['when', 'detect', 'unless', 'match'] as const).flatMap((key) =>
    own[key] === undefined || JSON.stringify(own[key]) === JSON.stringify(floor[key])
      ? []
      : [{ at: [...at, key], why: `"${key}" of rule ${floor.id} stays as it is; add a rule of another id beside it` }],
  ),
  ...(['for', 'warmup', 'cooldown'] as const).flatMap((key) => longer(own[key], floor[key], [...at, key])),
  ...rollout(own.rollout, floor.rollout, [...at, 'rollout']),
  ...(own.action !== undefined && !isAsStrong(stepsOf(own.action), stepsOf(floor.action))
    ? [{ at: [...at, 'action'], why: `rule ${floor.id} does more, or does it sooner` }]
    : []),
];

interface Step {
  readonly strength: number;
  readonly afterMs: number;
  readonly onlyIf: string | null;
}

const stepsOf = (action: RuleEntry['action']): readonly Step[] => {
  const steps = typeof action === 'string' ? [{ do: action }] : [action ?? { do: 'alert' as const }].flat();
  return steps.map((step) => ({
    strength: strengthOf(step.do),
    afterMs: 'after' in step && step.after !== undefined ? (parseDurationMs(step.after) ?? 0) : 0,
    onlyIf: ('if' in step ? step.if : undefined) ?? null,
  }));
};

/** To restart is to stop, and then some. */
const strengthOf = (verb: Verb): number => verbs.indexOf(verb === 'restart' ? 'stop' : verb);

/** For each step of the floor there is one at least as strong, no later, and on no other condition. */
const isAsStrong = (own: readonly Step[], floor: readonly Step[]): boolean =>
  floor.every((must) =>
    own.some(
      (step) =>
        step.strength >= must.strength &&
        step.afterMs <= must.afterMs &&
        (step.onlyIf === null || step.onlyIf === must.onlyIf),
    ),
  );

const longer = (own: string | undefined, floor: string | undefined, at: Path): readonly Loosening[] => {
  // What the floor leaves out is nothing at all: every dwell would be longer.
  const [ownMs, floorMs] = [own, floor ?? (at[0] === 'limits' ? undefined : '0s')].map((text) =>
    text === undefined ? null : parseDurationMs(text),
  );
  return ownMs == null || floorMs == null || ownMs <= floorMs
    ? []
    : [{ at, why: `${String(at.at(-1))} is ${floor ?? 'nothing'}, ${own} is longer` }];
};

const above = <T extends number | string>(
  name: string,
  own: T | undefined,
  floor: T | undefined,
  how: { readonly measure: (value: T) => number | null; readonly at: Path },
): readonly Loosening[] => {
  if (own === undefined || floor === undefined) return [];
  const [mine, most] = [how.measure(own), how.measure(floor)];
  return mine !== null && most !== null && mine > most
    ? [{ at: how.at, why: `${name} is ${floor}, ${own} is more` }]
    : [];
};
