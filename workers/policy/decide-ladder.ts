import { isDestructive, type RolloutMode, type Verb } from '#protocol/judgement';
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
}

type Firing = Pick<Assessment, 'ladder' | 'heldBack' | 'rollout' | 'isLimit' | 'atMs' | 'sinceMs'>;

/** The next step of a firing rule's ladder, if it is due. Time is that of the tick, so that a replay decides the same. */
export const decideLadder = (
  job: { readonly jobKey: string; readonly noKill: boolean },
  seen: Firing,
  stepsDone: number,
): LadderDecision | null => {
  const { ladder, heldBack, rollout, isLimit } = seen;
  const step = dueStep(ladder, { firingForMs: seen.atMs - seen.sinceMs, taken: stepsDone - 1, heldBack });
  const due = step === null ? undefined : ladder[step];
  if (step === null || due === undefined) return null;
  const verdict = decideRollout(rollout, job.jobKey, { verb: due.verb, isLimit });
  const enforced = verdict.enforced && !(job.noKill && isDestructive(due.verb));
  return {
    step,
    wouldDo: due.verb,
    does: enforced ? due.verb : 'continue',
    enforced,
    mode: rollout.mode,
    bucket: verdict.bucket,
  };
};
