import type { Rollout } from '#protocol/judgement';
import type { SignalName, SignalVector } from '#protocol/signals';
import { describeNumbers } from '#protocol/timeline';
import type { CompiledRule, JobFacts } from './compiled-policy.ts';
import { formatDuration } from './duration.ts';
import type { RuleState } from './rule-state.ts';
import type { SummaryTemplate } from './summary-template.ts';

export interface RuleInput {
  readonly vector: SignalVector;
  readonly atMs: number;
  /** Monotonic, and standing still while the run is paused. */
  readonly monoMs: number;
  readonly startedAtMs: number;
  readonly job: JobFacts;
  /** What the run asks for in the place of the policy's rollout; null leaves it to the policy. */
  readonly rollout: Rollout | null;
  /** The run's own grace, where the rule has none. */
  readonly graceMs: number;
  /** Rules whose open incident a person has seen. */
  readonly acknowledged: ReadonlySet<string>;
}

/** One rule looked at once. */
export interface RuleView {
  readonly rule: CompiledRule;
  readonly state: RuleState;
  /** Its condition holds and its guard speaks against it. */
  readonly heldBack: boolean;
}

export const summaryOf = (view: RuleView, input: RuleInput): string => render(view.rule.summary, view, input);

export const render = (words: SummaryTemplate, { state }: RuleView, input: RuleInput): string =>
  words.render({
    vector: input.vector,
    jobName: input.job.name,
    firingForMs: state.kind === 'firing' ? input.monoMs - state.sinceMonoMs : 0,
  });

/** `held back by progress 12 s ago`: what spoke against the rule although its condition holds. */
export const guardWords = ({ rule }: RuleView, input: RuleInput): string => {
  const age = input.vector['progress.age'];
  if (rule.unless?.reads.includes('progress.age') && typeof age === 'number')
    return `held back by progress ${formatDuration(Math.round(age * 10) * 100)} ago`;
  return `held back: ${rule.unless?.text ?? ''} (${describeNumbers(numbersOf(rule.unless?.reads ?? [], input.vector))})`;
};

export const numbersOf = (reads: readonly SignalName[], vector: SignalVector): SignalVector =>
  Object.fromEntries(reads.flatMap((name) => (vector[name] === undefined ? [] : [[name, vector[name]]])));
