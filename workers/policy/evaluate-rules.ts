import type { Assessment, LiveRule } from '#protocol/messages';
import type { SignalName } from '#protocol/signals';
import { describeNumbers } from '#protocol/timeline';
import type { CompiledPolicy, CompiledRule } from './compiled-policy.ts';
import { liveRules } from './live-rules.ts';
import { tightenRollout } from './rollout.ts';
import { neverActive, nextRuleState, type RuleState, type RuleStates } from './rule-state.ts';
import { guardWords, numbersOf, type RuleInput, type RuleView, render, summaryOf } from './rule-view.ts';

/** An assessment before it is known of which run, with the signals that its evidence is sought by. */
export interface RuleAssessment extends Omit<Assessment, 'runId' | 'evidence'> {
  readonly reads: readonly SignalName[];
}

export interface Evaluation {
  readonly states: RuleStates;
  /** Of rules that changed, and of those that fire. */
  readonly assessments: readonly RuleAssessment[];
  readonly live: readonly LiveRule[];
}

/** Where all rules of a policy stand after one tick. Pure: the same states and input give the same answer. */
export const evaluateRules = (policy: CompiledPolicy, states: RuleStates, input: RuleInput): Evaluation => {
  const changed: [string, RuleState][] = [];
  const assessments: RuleAssessment[] = [];
  const active: RuleView[] = [];
  for (const rule of policy.rules) {
    const before = states.get(rule.id);
    const matches = isMatch(rule, before, input);
    if (!matches && before === undefined) continue;
    const known = before?.fingerprint === rule.fingerprint ? before : neverActive(rule.fingerprint);
    const heldBack = matches && rule.unless?.holds(input.vector, false) === true;
    const state = nextRuleState(known, rule, { holds: matches && !heldBack, atMs: input.atMs, monoMs: input.monoMs });
    if (state !== before && (before !== undefined || state.kind !== 'inactive')) changed.push([rule.id, state]);
    const view = { rule, state, heldBack };
    if (state.kind !== 'inactive' || heldBack) active.push(view);
    if (state.kind === 'firing' || state.kind !== (before?.kind ?? 'inactive'))
      assessments.push(assess(policy, view, input));
  }
  const gone = [...states].filter(([id]) => !policy.ids.has(id));
  for (const [id, state] of gone) if (state.kind !== 'inactive') assessments.push(assessGone(policy, id, input));
  const kept = gone.length === 0 ? states : new Map([...states].filter(([id]) => policy.ids.has(id)));
  return {
    states: changed.length === 0 ? kept : new Map([...kept, ...changed]),
    assessments,
    live: active.length === 0 ? [] : liveRules(active, input),
  };
};

/** Its condition holds, it is for this job, and it either stands already or the warm-up is over. */
const isMatch = (rule: CompiledRule, before: RuleState | undefined, input: RuleInput): boolean => {
  const stands = before !== undefined && before.kind !== 'inactive';
  if (!stands && input.atMs - input.startedAtMs < rule.warmupMs) return false;
  return rule.when.holds(input.vector, false) && rule.appliesTo(input.job);
};

const limitRollout = { mode: 'enforce', percent: 100 } as const;

const assess = (policy: CompiledPolicy, view: RuleView, input: RuleInput): RuleAssessment => {
  const { rule, state } = view;
  const base = input.rollout ?? policy.rollout;
  return {
    rule: rule.id,
    policyHash: policy.hash,
    state: state.kind,
    severity: rule.severity,
    summary: summaryOf(view, input),
    sinceMs: state.sinceMs,
    atMs: input.atMs,
    dwellMs: rule.dwellMs,
    condition: rule.fingerprint,
    ladder: rule.ladder.map(({ verb, afterMs, onlyIf, words, resumeAfterMs }) => ({
      verb,
      afterMs,
      onlyIf,
      message: words === null ? null : render(words, view, input),
      resumeAfterMs,
    })),
    heldBack: rule.ladder.flatMap((step, index) =>
      step.condition === null || step.condition.holds(input.vector, input.acknowledged.has(rule.id)) ? [] : [index],
    ),
    rollout: rule.isLimit ? { ...limitRollout, salt: base.salt } : tightenRollout(base, rule.rollout),
    isLimit: rule.isLimit,
    graceMs: rule.graceMs ?? input.graceMs,
    ...(policy.restart === null ? {} : { restart: policy.restart }),
    numbers: numbersOf(rule.reads, input.vector),
    why: state.kind === 'inactive' ? whyCleared(view, input) : '',
    reads: rule.reads,
  };
};

const whyCleared = (view: RuleView, input: RuleInput): string => {
  if (view.heldBack) return guardWords(view, input);
  if (!view.rule.appliesTo(input.job)) return 'the rule is not for this job';
  const numbers = describeNumbers(numbersOf(view.rule.when.reads, input.vector));
  return numbers === '' ? 'no data for its condition' : `its condition no longer holds (${numbers})`;
};

const assessGone = (policy: CompiledPolicy, id: string, input: RuleInput): RuleAssessment => ({
  rule: id,
  policyHash: policy.hash,
  state: 'inactive',
  severity: 'info',
  summary: id,
  sinceMs: input.atMs,
  atMs: input.atMs,
  dwellMs: 0,
  condition: '',
  ladder: [],
  heldBack: [],
  rollout: input.rollout ?? policy.rollout,
  isLimit: false,
  graceMs: input.graceMs,
  numbers: {},
  why: 'the policy has no such rule any more',
  reads: [],
});
