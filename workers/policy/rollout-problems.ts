import type { Rollout } from '#protocol/judgement';
import type { MergedPolicy } from './merge-policies.ts';
import type { PolicyFile, RuleEntry } from './policy-schema.ts';
import type { Problem } from './problem.ts';
import { isLooser } from './rollout.ts';
import type { Path, YamlSource } from './yaml-source.ts';

type OwnRollout = NonNullable<RuleEntry['rollout']>;

/** Rules of a file that would act on more jobs than their policy does, or on another share than they seem to say. */
export const rolloutProblems = (
  merged: MergedPolicy,
  child: { readonly policy: PolicyFile; readonly source: YamlSource },
  base: Rollout,
): Problem[] =>
  merged.rules.flatMap(({ entry: { id, rollout } }) => {
    const index = child.policy.rules?.findIndex((rule) => rule.id === id && rule.rollout !== undefined) ?? -1;
    const flaw = rollout === undefined ? null : flawOf(rollout, base);
    if (flaw === null) return [];
    // A parent's rule that is looser now only follows its policy; one that has lost its share would act on all jobs.
    if (index === -1)
      return child.policy.rollout === undefined || !flaw.isWide
        ? []
        : [child.source.problem(['rollout'], `rule "${id}" of a parent: ${flaw.why}`, { key: true })];
    return [child.source.problem(['rules', index, 'rollout', ...flaw.at], flaw.why)];
  });

interface Flaw {
  readonly at: Path;
  readonly why: string;
  /** It would act on more jobs than it says, not only say more than it does. */
  readonly isWide: boolean;
}

const flawOf = (own: OwnRollout, base: Rollout): Flaw | null => {
  const { mode = base.mode, percent } = own;
  if (isLooser(mode, base.mode))
    return {
      at: ['mode'],
      isWide: false,
      why: `a rule may be stricter than its policy, never looser: the policy is in ${base.mode}, got ${mode}`,
    };
  if (mode === 'canary' && base.mode !== 'canary' && percent === undefined)
    return {
      at: ['mode'],
      isWide: true,
      why: 'a canary wants a percent, or it would act on all jobs: expected one beside "mode"',
    };
  if (mode === 'canary' && base.mode === 'canary' && percent !== undefined && percent > base.percent)
    return {
      at: ['percent'],
      isWide: false,
      why: `a rule may be stricter than its policy, never looser: the policy acts on ${base.percent} % of the jobs, got ${percent} %`,
    };
  if (mode === 'enforce' && percent !== undefined && percent < 100)
    return {
      at: ['percent'],
      isWide: true,
      why: 'a percent is for a canary, enforced it acts on all jobs: expected "mode: canary"',
    };
  return null;
};
