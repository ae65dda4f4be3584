import { nothingDone } from '#policy/decide-ladder';
import { assertNever } from '#protocol/assert-never';
import type { FactBody } from '#protocol/facts';
import type { IncidentId, InterventionId } from '#protocol/ids';
import type { Assessment, FactReport } from '#protocol/messages';
import type { ActionState, GuardedRun, OpenIncident } from './action-state.ts';
import type { ActionThought } from './action-thought.ts';
import { endStop, reap } from './decide-end.ts';
import { beginPause, beginResume, endPause, endResume } from './decide-halt.ts';
import { decideStep } from './decide-step.ts';

/** What follows from what was heard. A request that was already met gives nothing. */
export const decideAction = (state: ActionState, thought: ActionThought): readonly FactReport[] =>
  bodies(state, thought).map((body, index) => ({
    key: `${thought.newId}:${index}`,
    body,
    mustSync: intents.has(body.kind),
  }));

/** Said and synced to the disk before they are done. */
const intents: ReadonlySet<FactBody['kind']> = new Set([
  'stop-began',
  'pause-began',
  'resume-began',
  'decision-made',
  'incident-opened',
  'stop-verified',
  'kill-incomplete',
]);

const bodies = (state: ActionState, thought: ActionThought): readonly FactBody[] => {
  const runId = thought.kind === 'assessed' ? thought.assessment.runId : thought.runId;
  const run = state.runs.get(runId);
  if (run === undefined) return [];
  switch (thought.kind) {
    case 'assessed':
      return assess(run, thought.assessment, thought);
    case 'stop-requested':
      return beginStop(run, thought);
    case 'owed-step-averted':
      return avert(run, thought.rule, thought.why);
    case 'restart-checked':
      return thought.whyNot === null ? [] : refuseRestart(run, thought.rule, thought.whyNot);
    case 'stop-overdue':
      return run.stop === null
        ? []
        : [{ kind: 'stop-resumed', runId: run.runId, interventionId: run.stop.interventionId }];
    case 'signalled':
      return run.stop === null
        ? []
        : [
            {
              kind: 'stop-signalled',
              runId: run.runId,
              interventionId: run.stop.interventionId,
              signal: thought.signal,
              processes: thought.processes,
            },
          ];
    case 'fell-back':
      return [{ kind: 'containment-fell-back', runId: run.runId, to: thought.to, why: thought.why }];
    case 'stop-ended':
      return endStop(run, thought);
    case 'tree-looked-at':
      return reap(run, thought);
    case 'pause-requested':
      return beginPause(run, thought);
    case 'tree-paused':
      return endPause(run, thought);
    case 'resume-requested':
      return beginResume(run, thought);
    case 'tree-resumed':
      return endResume(run, thought);
    case 'nudged': {
      const { runId: _, incidentId, message, via, by } = thought;
      return run.over ? [] : [{ kind: 'run-nudged', runId: run.runId, incidentId, message, via, by }];
    }
    case 'throttled': {
      const { incidentId, how, processes, reason } = thought;
      return [{ kind: 'run-throttled', runId: run.runId, incidentId, how, processes, by: 'policy', reason }];
    }
    default:
      return assertNever(thought);
  }
};

const assess = (
  run: GuardedRun,
  seen: Assessment,
  { atMs, newId }: { atMs: number; newId: string },
): readonly FactBody[] => {
  if (run.over || run.stop !== null) return [];
  const incident = run.incidents.get(seen.rule);
  switch (seen.state) {
    case 'inactive':
      return clear(run, seen, incident, atMs);
    case 'pending':
      return run.pending.has(seen.rule) || incident !== undefined
        ? []
        : [
            {
              kind: 'rule-pending',
              runId: run.runId,
              rule: seen.rule,
              policyHash: seen.policyHash,
              summary: seen.summary,
              dwellMs: seen.dwellMs,
            },
          ];
    case 'firing':
      return incident === undefined ? open(run, seen, newId as IncidentId) : decideStep(run, incident, seen);
    default:
      return assertNever(seen.state);
  }
};

const open = (run: GuardedRun, seen: Assessment, incidentId: IncidentId): readonly FactBody[] => {
  const opened: FactBody = {
    kind: 'incident-opened',
    incidentId,
    runId: run.runId,
    name: run.name,
    rule: seen.rule,
    policyHash: seen.policyHash,
    severity: seen.severity,
    summary: seen.summary,
    evidence: seen.evidence,
    numbers: seen.numbers,
  };
  return [opened, ...decideStep(run, { incidentId, rule: seen.rule, done: nothingDone, owed: null }, seen)];
};

const clear = (
  run: GuardedRun,
  seen: Assessment,
  incident: OpenIncident | undefined,
  atMs: number,
): readonly FactBody[] => {
  const afterMs = Math.max(0, atMs - seen.sinceMs);
  const cleared: FactBody = { kind: 'rule-cleared', runId: run.runId, rule: seen.rule, afterMs, why: seen.why };
  if (incident === undefined) return run.pending.has(seen.rule) ? [cleared] : [];
  return [
    cleared,
    {
      kind: 'incident-closed',
      incidentId: incident.incidentId,
      runId: run.runId,
      outcome: 'resolved',
      summary: seen.why,
    },
  ];
};

const avert = (run: GuardedRun, rule: string, why: string): readonly FactBody[] => {
  const incident = run.incidents.get(rule);
  if (incident?.owed == null || run.over) return [];
  return [
    {
      kind: 'action-averted',
      incidentId: incident.incidentId,
      runId: run.runId,
      rule,
      step: incident.owed.step,
      wouldDo: incident.owed.verb,
      why,
    },
  ];
};

const refuseRestart = (run: GuardedRun, rule: string, why: string): readonly FactBody[] => {
  const incident = run.incidents.get(rule);
  if (incident?.owed?.verb !== 'restart' || run.over) return [];
  const { incidentId, owed } = incident;
  return [{ kind: 'restart-refused', incidentId, runId: run.runId, rule, step: owed.step, why }];
};

const beginStop = (run: GuardedRun, wish: Extract<ActionThought, { kind: 'stop-requested' }>): readonly FactBody[] => {
  if (run.stop !== null) return [];
  const interventionId = wish.newId as InterventionId;
  if (run.over && wish.cause !== 'orphans')
    return [{ kind: 'stop-refused', runId: run.runId, interventionId, why: 'it is already over' }];
  return [
    {
      kind: 'stop-began',
      runId: run.runId,
      interventionId,
      incidentId: wish.incidentId,
      cause: wish.cause,
      by: wish.by,
      reason: wish.reason,
      graceMs: wish.graceMs,
      restartAfter: wish.restartAfter,
      ...(wish.restartBudget === undefined ? {} : { restartBudget: wish.restartBudget }),
      processes: wish.processes,
      judgedToMs: wish.judgedToMs,
    },
  ];
};
