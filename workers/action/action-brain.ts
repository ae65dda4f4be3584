import { assertNever } from '#protocol/assert-never';
import type { FactBody, StopCause, Survivor, Actor as Who } from '#protocol/facts';
import type { IncidentId, InterventionId, RunId } from '#protocol/ids';
import type { Assessment, FactReport } from '#protocol/messages';
import type { ContainmentLevel } from '#protocol/run-spec';
import type { ActionState, GuardedRun, OpenIncident } from './action-state.ts';
import { decideStep } from './decide-step.ts';

/** What the brain hears. Ids and times are handed in, so that it decides the same way every time. */
export type ActionThought = { readonly atMs: number; readonly newId: string } & (
  | { readonly kind: 'assessed'; readonly assessment: Assessment }
  | {
      readonly kind: 'stop-requested';
      readonly runId: RunId;
      readonly incidentId: IncidentId | null;
      readonly cause: StopCause;
      readonly by: Who;
      readonly reason: string;
      readonly restartAfter: boolean;
      readonly graceMs: number;
      readonly processes: number;
    }
  | { readonly kind: 'owed-step-averted'; readonly runId: RunId; readonly rule: string; readonly why: string }
  | { readonly kind: 'stop-overdue'; readonly runId: RunId }
  | { readonly kind: 'signalled'; readonly runId: RunId; readonly signal: string; readonly processes: number }
  | { readonly kind: 'fell-back'; readonly runId: RunId; readonly to: ContainmentLevel; readonly why: string }
  | {
      readonly kind: 'stop-ended';
      readonly runId: RunId;
      readonly killed: number;
      readonly tookMs: number;
      readonly survivors: readonly Survivor[];
    }
  | { readonly kind: 'tree-looked-at'; readonly runId: RunId; readonly processes: number; readonly spare: boolean }
  | {
      readonly kind: 'tree-paused';
      readonly runId: RunId;
      readonly processes: number;
      readonly by: Who;
      readonly reason: string;
    }
  | {
      readonly kind: 'tree-resumed';
      readonly runId: RunId;
      readonly processes: number;
      readonly by: Who;
      readonly reason: string;
    }
);

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
    case 'tree-paused':
      return run.over || run.paused
        ? []
        : [
            {
              kind: 'run-paused',
              runId: run.runId,
              interventionId: thought.newId as InterventionId,
              processes: thought.processes,
              by: thought.by,
              reason: thought.reason,
            },
          ];
    case 'tree-resumed':
      return run.over || !run.paused
        ? []
        : [
            {
              kind: 'run-resumed',
              runId: run.runId,
              interventionId: thought.newId as InterventionId,
              processes: thought.processes,
              by: thought.by,
              reason: thought.reason,
            },
          ];
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
      return incident === undefined
        ? open(run, seen, newId as IncidentId, atMs)
        : decideStep(run, incident, seen, atMs);
    default:
      return assertNever(seen.state);
  }
};

const open = (run: GuardedRun, seen: Assessment, incidentId: IncidentId, atMs: number): readonly FactBody[] => {
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
  return [opened, ...decideStep(run, { incidentId, rule: seen.rule, stepsDone: 0, owed: null }, seen, atMs)];
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
      processes: wish.processes,
    },
  ];
};

const endStop = (run: GuardedRun, end: Extract<ActionThought, { kind: 'stop-ended' }>): readonly FactBody[] => {
  if (run.stop === null) return [];
  const { interventionId, cause, restartAfter } = run.stop;
  const head = { runId: run.runId, interventionId, cause, tookMs: end.tookMs, restartAfter };
  if (end.survivors.length > 0) {
    return [
      { kind: 'kill-incomplete', ...head, survivors: end.survivors },
      ...closeIncidents(run, 'kill-incomplete', `${end.survivors.length} of its processes are still alive`),
    ];
  }
  const verified: FactBody = { kind: 'stop-verified', ...head, killed: end.killed };
  return [
    verified,
    ...closeIncidents(
      run,
      restartAfter ? 'restarted' : 'stopped',
      `its tree was verified empty after ${end.tookMs} ms`,
    ),
  ];
};

const closeIncidents = (
  run: GuardedRun,
  outcome: Extract<FactBody, { kind: 'incident-closed' }>['outcome'],
  summary: string,
): readonly FactBody[] =>
  [...run.incidents.values()].map((incident) => ({
    kind: 'incident-closed',
    incidentId: incident.incidentId,
    runId: run.runId,
    outcome,
    summary,
  }));

const reap = (run: GuardedRun, seen: Extract<ActionThought, { kind: 'tree-looked-at' }>): readonly FactBody[] => {
  if (run.stop !== null) return [];
  const ended = closeIncidents(run, 'run-ended', 'the run ended by itself');
  if (seen.processes === 0) return [...ended, { kind: 'tree-empty', runId: run.runId }];
  if (seen.spare) return [...ended, { kind: 'orphans-spared', runId: run.runId, processes: seen.processes }];
  return [
    ...ended,
    {
      kind: 'stop-began',
      runId: run.runId,
      interventionId: seen.newId as InterventionId,
      incidentId: null,
      cause: 'orphans',
      by: 'daemon',
      reason: `its main process ended and left ${seen.processes} behind`,
      graceMs: orphanGraceMs,
      restartAfter: false,
      processes: seen.processes,
    },
  ];
};

/** What a finished job left behind has had its chance: long enough for a flush, short enough to be gone within a second. */
const orphanGraceMs = 400;
