import { decideLadder } from '#policy/decide-ladder';
import type { FactBody } from '#protocol/facts';
import { isDestructive, type Verb } from '#protocol/judgement';
import type { Assessment } from '#protocol/messages';
import type { GuardedRun, OpenIncident } from './action-state.ts';

/** The next step of a firing rule's ladder, if it is due: what the policy asks for, and what is really done. */
export const decideStep = (run: GuardedRun, incident: OpenIncident, seen: Assessment): readonly FactBody[] => {
  if (incident.owed !== null) return [];
  const decision = decideLadder(run, seen, incident.done);
  if (decision === null) return [];
  return [
    {
      kind: 'decision-made',
      incidentId: incident.incidentId,
      runId: run.runId,
      rule: seen.rule,
      policyHash: seen.policyHash,
      ...decision,
      reason: reasonFor(run, seen, decision.wouldDo),
      numbers: seen.numbers,
    },
  ];
};

const reasonFor = (run: GuardedRun, seen: Assessment, verb: Verb): string =>
  run.noKill && isDestructive(verb) ? `${seen.summary} (held back by --no-kill)` : seen.summary;
