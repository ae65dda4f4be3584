import { isDestructive, type Verb } from '#protocol/judgement';
import type { CompiledPolicy, CompiledRule } from './compiled-policy.ts';
import { evaluateRules } from './evaluate-rules.ts';
import { decideRollout, tightenRollout } from './rollout.ts';
import type { RuleState, RuleStates } from './rule-state.ts';
import type { RuleInput } from './rule-view.ts';

export interface RuleEffect {
  readonly rule: string;
  readonly verb: Verb;
  readonly due: 'now' | 'soon';
}

interface Standing {
  readonly states: RuleStates;
  readonly input: RuleInput;
  readonly jobKey: string;
}

/** What `next` would do to a run as it stands, that `current` does not do already. */
export const newEffects = (
  policies: { readonly current: CompiledPolicy; readonly next: CompiledPolicy },
  standing: Standing,
): readonly RuleEffect[] => {
  const known = new Set(effectsOf(policies.current, standing).map(({ rule, verb }) => `${rule} ${verb}`));
  return effectsOf(policies.next, standing).filter(({ rule, verb }) => !known.has(`${rule} ${verb}`));
};

const effectsOf = (policy: CompiledPolicy, standing: Standing): readonly RuleEffect[] => {
  const { states } = evaluateRules(policy, standing.states, standing.input);
  return policy.rules.flatMap((rule) => {
    const state = states.get(rule.id);
    const effect = state === undefined ? null : effectOf(rule, state, { ...standing, policy });
    return effect === null ? [] : [effect];
  });
};

/** The first step that changes the life of the job, where its rule stands and rollout lets it. */
const effectOf = (
  rule: CompiledRule,
  state: RuleState,
  { policy, input, jobKey }: Standing & { readonly policy: CompiledPolicy },
): RuleEffect | null => {
  if (state.kind === 'inactive') return null;
  const rollout = tightenRollout(input.rollout ?? policy.rollout, rule.rollout);
  const step = rule.ladder.find(
    ({ verb, condition }) =>
      isDestructive(verb) &&
      (condition === null || condition.holds(input.vector, input.acknowledged.has(rule.id))) &&
      decideRollout(rollout, jobKey, { verb, isLimit: rule.isLimit }).enforced,
  );
  if (step === undefined) return null;
  const isDue = state.kind === 'firing' && input.monoMs - state.sinceMonoMs >= step.afterMs;
  return { rule: rule.id, verb: step.verb, due: isDue ? 'now' : 'soon' };
};
