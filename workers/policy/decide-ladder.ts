import { type ClimbedLadder, isDestructive, type LadderStep, type RolloutMode, type Verb } from '#protocol/judgement';
import type { Assessment } from '#protocol/messages';
import { dueStep } from './ladder.ts';
import { decideRollout } from './rollout.ts';

/** What a decision says that hangs on the policy and the job alone. */
export interface LadderDecision {
  readonly step: number;
  readonly wouldDo: Verb;
  readonly does: Verb;
  readonly enforced: boolean;
  readonly mode: RolloutMode;
  readonly bucket: number;
  readonly climbed: ClimbedLadder;
}

/** How far a rule's ladder was gone up in this incident; `climbed` is null before its first step. */
export interface LadderDone {
  readonly steps: number;
  readonly climbed: ClimbedLadder | null;
}

export const nothingDone: LadderDone = { steps: 0, climbed: null };

interface Job {
  readonly jobKey: string;
  readonly noKill: boolean;
}
type Firing = Pick<Assessment, 'condition' | 'ladder' | 'heldBack' | 'rollout' | 'isLimit' | 'atMs' | 'sinceMs'>;

/** The next step of a firing rule's ladder, if it is due. Time is that of the tick, so that a replay decides the same. */
export const decideLadder = (job: Job, seen: Firing, done: LadderDone): LadderDecision | null => {
  const { condition, ladder, heldBack } = seen;
  const taken = stepsThatStand(job, seen, done) - 1;
  const step = dueStep(ladder, { firingForMs: seen.atMs - seen.sinceMs, taken, heldBack });
  const due = step === null ? undefined : ladder[step];
  if (step === null || due === undefined) return null;
  const { mode, bucket } = decideRollout(seen.rollout, job.jobKey, { verb: due.verb, isLimit: seen.isLimit });
  const does = doneBy(due, job, seen);
  const steps = ladder.slice(0, step + 1).map((one) => stepWords(one, job, seen));
  const climbed = { condition, steps };
  return { step, wouldDo: due.verb, does, enforced: does === due.verb, mode, bucket, climbed };
};

/**
 * A policy may change while its rule fires. Of the steps that were decided those stand that are the same now and come to
 * the same for this job: an alert is not given twice, but a pause that was only recorded in shadow is judged again.
 */
const stepsThatStand = (job: Job, seen: Firing, { steps, climbed }: LadderDone): number => {
  if (climbed === null) return steps;
  if (climbed.condition !== seen.condition) return 0;
  const other = climbed.steps.findIndex((words, index) => {
    const now = seen.ladder[index];
    return now === undefined || stepWords(now, job, seen) !== words;
  });
  return other === -1 ? steps : Math.min(steps, other);
};

const doneBy = ({ verb }: LadderStep, job: Job, { rollout, isLimit }: Firing): Verb => {
  const isHeldBack = job.noKill && isDestructive(verb);
  return !isHeldBack && decideRollout(rollout, job.jobKey, { verb, isLimit }).enforced ? verb : 'continue';
};

/** What makes a step this one. Its message is not in it: the numbers in that change with every tick. */
const stepWords = (step: LadderStep, job: Job, seen: Firing): string => {
  const { verb, afterMs, onlyIf } = step;
  const does = doneBy(step, job, seen) === verb ? verb : `would ${verb}`;
  return `${does}${afterMs === 0 ? '' : ` after ${afterMs / 1000}s`}${onlyIf === null ? '' : ` if ${onlyIf}`}`;
};
