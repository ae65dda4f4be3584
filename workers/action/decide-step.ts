import { dueStep } from '#policy/ladder';
import { decideRollout } from '#policy/rollout';
import type { FactBody } from '#protocol/facts';
import { isDestructive, type Verb } from '#protocol/judgement';
import type { Assessment } from '#protocol/messages';
import type { GuardedRun, OpenIncident } from './action-state.ts';

/** The next step of a firing rule's ladder, if it is due: what the policy asks for, and what is really done. */
export const decideStep = (
  run: GuardedRun,
  incident: OpenIncident,
  seen: Assessment,
  atMs: number,
): readonly FactBody[] => {
  if (incident.owed !== null) return [];
  const { ladder, heldBack, rollout } = seen;
  const step = dueStep(ladder, { firingForMs: atMs - seen.sinceMs, taken: incident.stepsDone - 1, heldBack });
  const due = step === null ? undefined : ladder[step];
  if (step === null || due === undefined) return [];
  const verdict = decideRollout(rollout, run.jobKey, { verb: due.verb, isLimit: seen.isLimit });
  const enforced = verdict.enforced && !(run.noKill && isDestructive(due.verb));
  return [
    {
      kind: 'decision-made',
      incidentId: incident.incidentId,
      runId: run.runId,
      rule: seen.rule,
      policyHash: seen.policyHash,
      step,
      wouldDo: due.verb,
      does: enforced ? due.verb : 'continue',
      enforced,
      mode: rollout.mode,
      bucket: verdict.bucket,
      reason: reasonFor(run, seen, due.verb),
      numbers: seen.numbers,
    },
  ];
};

const reasonFor = (run: GuardedRun, seen: Assessment, verb: Verb): string =>
  run.noKill && isDestructive(verb) ? `${seen.summary} (held back by --no-kill)` : seen.summary;
