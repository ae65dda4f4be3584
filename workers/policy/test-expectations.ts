import type { Verb } from '#protocol/judgement';
import { formatDuration, parseDurationMs } from './duration.ts';
import type { Expectation } from './policy-test-schema.ts';
import type { PlayedCase } from './test-play.ts';

export type Expected = Expectation & { readonly atMs: number };
type Tick = PlayedCase['ticks'][number];

/** One sentence for each thing that was expected and did not come, or came and was never to. */
export const findUnmet = (
  played: PlayedCase,
  expected: readonly Expected[],
  never: readonly Verb[],
): readonly string[] => [
  ...expected.flatMap((one) => {
    const tick = played.ticks[Math.floor(one.atMs / played.intervalMs)];
    return tick === undefined ? [`at ${one.at}: the test is over by then`] : compare(one, tick);
  }),
  ...played.taken
    .filter((step) => step.enforced && never.includes(step.verb))
    .map((step) => `never ${step.verb}, but rule ${step.rule} did at ${formatDuration(step.atMs)}`),
];

const compare = (expected: Expected, tick: Tick): readonly string[] => {
  const rule = expected.rule ?? `budget.${expected.budget}`;
  const state = expected.budget === undefined ? tick.stateOf(rule) : budgetState(rule, tick);
  const step = tick.stepOf(rule);
  const differs = (what: string, wanted: unknown, got: unknown): readonly string[] =>
    wanted === undefined || wanted === got
      ? []
      : [`at ${expected.at}: expected ${what} ${String(wanted)} of ${rule}, got ${String(got)}`];
  return [
    ...differs('state', expected.state, state),
    ...differs('action', expected.action, step?.verb ?? 'continue'),
    ...differs('enforced', expected.enforced, step?.enforced ?? false),
    ...differs('grace', shortest(expected.grace), step === null ? 'no step' : formatDuration(step.graceMs)),
    ...differs(
      'resume_after',
      shortest(expected.resume_after),
      step?.resumeAfterMs == null ? 'none' : formatDuration(step.resumeAfterMs),
    ),
  ];
};

/** 120s and 2m are the same. */
const shortest = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : formatDuration(parseDurationMs(text) ?? 0);

const budgetState = (rule: string, tick: Tick): 'ok' | 'warn' | 'exceeded' => {
  if (tick.stateOf(rule) === 'firing') return 'exceeded';
  return tick.firing.some((other) => other.startsWith(`${rule}.warn-`)) ? 'warn' : 'ok';
};
