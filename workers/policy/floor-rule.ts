import { type RolloutMode, rolloutModes } from '#protocol/judgement';
import { parseDurationMs } from './duration.ts';
import { isAsStrong, stepsOf } from './floor-ladder.ts';
import { inFile, inRule, type Loosening, longer, usualCanaryPct } from './floor-measure.ts';
import type { MergedPolicy, MergedRule } from './merge-policies.ts';
import type { PolicyFile } from './policy-schema.ts';

/** Each rule of a floor as it came out of all files, with its defaults: no later, no weaker, for no fewer jobs. */
export const ruleLoosenings = (merged: MergedPolicy, floor: MergedPolicy): readonly Loosening[] =>
  floor.rules.flatMap((must) => {
    const own = merged.rules.find(({ entry }) => entry.id === must.entry.id);
    return own === undefined
      ? []
      : [
          ...conditions(own, must),
          ...timers({ rule: own, file: merged.file }, { rule: must, file: floor.file }),
          ...severity(own, must),
          ...rollout({ rule: own, file: merged.file }, { rule: must, file: floor.file }),
          ...(isAsStrong(stepsOf(own.entry.action), stepsOf(must.entry.action))
            ? []
            : [{ at: [inRule(must.entry.id, 'action')], why: `rule ${must.entry.id} does more, or does it sooner` }]),
        ];
  });

const conditions = ({ entry: own, matches }: MergedRule, { entry: floor, matches: all }: MergedRule): Loosening[] => {
  const known = new Set(all.map((match) => JSON.stringify(match)));
  const narrowed = matches.some((match) => !known.has(JSON.stringify(match)));
  return [
    ...(narrowed ? [{ at: [matchBeside(floor.id)], why: `rule ${floor.id} would be for fewer jobs` }] : []),
    // Whether another condition is stricter cannot be told from its text: a rule of one's own can.
    ...(['when', 'detect', 'unless', 'match'] as const).flatMap((key) =>
      JSON.stringify(own[key]) === JSON.stringify(floor[key])
        ? []
        : own[key] === undefined
          ? []
          : [
              {
                at: [inRule(floor.id, key)],
                why: `"${key}" of rule ${floor.id} stays as it is; add a rule of another id beside it`,
              },
            ],
    ),
  ];
};

/** The `match` of a whole file narrows the rules that the file names. */
const matchBeside = (id: string) => (policy: PolicyFile) =>
  policy.match !== undefined && policy.rules?.some((rule) => rule.id === id) === true ? ['match'] : null;

interface Placed {
  readonly rule: MergedRule;
  readonly file: PolicyFile;
}

/** What a run gives that asks for nothing (`--grace`). */
const usualGrace = '10s';

const timers = ({ rule: { entry: own }, file }: Placed, { rule: { entry: floor }, file: below }: Placed) => {
  const { id } = floor;
  const keeps = [own, floor].map(({ keep_for: text }) => (text === undefined ? 0 : (parseDurationMs(text) ?? 0)));
  return [
    ...longer('for', own.for, floor.for, [inRule(id, 'for')]),
    ...longer('cooldown', own.cooldown, floor.cooldown, [inRule(id, 'cooldown')]),
    ...longer('warmup', own.warmup ?? file.defaults?.warmup, floor.warmup ?? below.defaults?.warmup, [
      inRule(id, 'warmup'),
      inFile('defaults', 'warmup'),
    ]),
    ...longer(
      'grace',
      own.stop?.grace ?? file.defaults?.stop?.grace ?? usualGrace,
      floor.stop?.grace ?? below.defaults?.stop?.grace ?? usualGrace,
      [inRule(id, 'stop', 'grace'), inFile('defaults', 'stop', 'grace')],
    ),
    // Whoever forgets sooner begins its ladder anew, and never comes to the end of it.
    ...((keeps[0] ?? 0) < (keeps[1] ?? 0)
      ? [{ at: [inRule(id, 'keep_for')], why: `keep_for is ${floor.keep_for}, ${own.keep_for} is shorter` }]
      : []),
  ];
};

const severities = ['info', 'warn', 'critical'] as const;

const severity = ({ entry: own }: MergedRule, { entry: floor }: MergedRule): readonly Loosening[] => {
  const [mine, must] = [own.severity ?? 'warn', floor.severity ?? 'warn'];
  return severities.indexOf(mine) < severities.indexOf(must)
    ? [{ at: [inRule(floor.id, 'severity')], why: `rule ${floor.id} is ${must}, ${mine} is less` }]
    : [];
};

/** What the whole policy acts less is told of the policy. */
const rollout = (own: Placed, floor: Placed): readonly Loosening[] => {
  const { id } = floor.rule.entry;
  const asked = own.rule.entry.rollout;
  if (asked === undefined) return [];
  const [mode, must] = [asked.mode ?? modeOf(own.file), floor.rule.entry.rollout?.mode ?? modeOf(floor.file)];
  if (rolloutModes.indexOf(mode) < rolloutModes.indexOf(must))
    return [{ at: [inRule(id, 'rollout', 'mode')], why: `its rollout is ${must}, ${mode} would act less` }];
  const least = floor.rule.entry.rollout?.percent ?? floor.file.rollout?.percent ?? usualCanaryPct;
  const isLess = mode === 'canary' && must === 'canary' && asked.percent !== undefined && asked.percent < least;
  return isLess
    ? [{ at: [inRule(id, 'rollout', 'percent')], why: `its canary takes ${least} %, ${asked.percent} % is less` }]
    : [];
};

const modeOf = ({ rollout: of }: PolicyFile): RolloutMode => of?.mode ?? 'enforce';
