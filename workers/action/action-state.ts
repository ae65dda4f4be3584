import { type LadderDone, nothingDone } from '#policy/decide-ladder';
import type { Actor } from '#protocol/actor';
import type { FactBody, StopCause } from '#protocol/facts';
import type { IncidentId, InterventionId, JobKey, RunId } from '#protocol/ids';
import type { Verb } from '#protocol/judgement';

/** What action believes of one run: only what facts said, so that it can be rebuilt from them. */
export interface GuardedRun {
  readonly runId: RunId;
  readonly name: string;
  readonly jobKey: JobKey;
  readonly noKill: boolean;
  readonly over: boolean;
  readonly paused: boolean;
  /** A pause, or its end, that was said and is not known to be done yet. */
  readonly halt: HaltUnderWay | null;
  /** When a pause ends by itself. */
  readonly resumeAtMs: number | null;
  /** Rules that were said to be pending. */
  readonly pending: ReadonlySet<string>;
  readonly incidents: ReadonlyMap<string, OpenIncident>;
  readonly stop: StopUnderWay | null;
}

export interface OpenIncident {
  readonly incidentId: IncidentId;
  readonly rule: string;
  /** The steps of the ladder that were decided; the next one is due at its own time. */
  readonly done: LadderDone;
  /** A destructive step that was decided but neither begun nor averted yet. */
  readonly owed: OwedStep | null;
}

export interface OwedStep {
  readonly step: number;
  readonly verb: Verb;
  readonly reason: string;
}

export interface StopUnderWay {
  readonly interventionId: InterventionId;
  readonly incidentId: IncidentId | null;
  readonly cause: StopCause;
  readonly graceMs: number;
  readonly restartAfter: boolean;
}

export interface HaltUnderWay {
  readonly kind: 'pause' | 'resume';
  /** It was told that some of it could not be halted. */
  readonly isIncomplete: boolean;
  readonly interventionId: InterventionId;
  readonly by: Actor;
  /** Whose ladder asked for it; null where a person did, or a resume is under way. */
  readonly byRule: string | null;
  readonly reason: string;
}

export interface ActionState {
  readonly runs: ReadonlyMap<RunId, GuardedRun>;
}

export const noRuns: ActionState = { runs: new Map() };

/** Believe one fact. Kinds that say nothing about guarding leave the state as it is. */
export const evolveAction = (state: ActionState, fact: FactBody): ActionState => {
  if (fact.kind === 'run-requested') {
    // Told again after a crash: what is known of the run by now must not be forgotten.
    if (state.runs.has(fact.runId)) return state;
    return withRun(state, {
      runId: fact.runId,
      name: fact.face.name,
      jobKey: fact.jobKey,
      noKill: fact.noKill,
      over: false,
      paused: false,
      halt: null,
      resumeAtMs: null,
      pending: new Set(),
      incidents: new Map(),
      stop: null,
    });
  }
  if (!('runId' in fact) || fact.runId === null) return state;
  const run = state.runs.get(fact.runId);
  if (run === undefined) return state;
  if (fact.kind === 'run-settled') {
    const runs = new Map(state.runs);
    runs.delete(run.runId);
    return { runs };
  }
  const next = evolveRun(run, fact);
  return next === run ? state : withRun(state, next);
};

const evolveRun = (run: GuardedRun, fact: FactBody): GuardedRun => {
  switch (fact.kind) {
    case 'run-exited':
    case 'run-lost':
    case 'run-start-failed':
      return { ...run, over: true };
    case 'pause-began':
      return settleOwed({ ...run, halt: haltOf('pause', fact), resumeAtMs: fact.resumeAtMs }, isPauseOwed);
    case 'pause-incomplete':
      return { ...run, halt: run.halt === null ? null : { ...run.halt, isIncomplete: true } };
    case 'run-paused':
      return settleOwed({ ...run, paused: true, halt: null, resumeAtMs: fact.resumeAtMs ?? null }, isPauseOwed);
    case 'resume-began':
      return { ...run, halt: haltOf('resume', fact), resumeAtMs: null };
    case 'run-resumed':
      return settleOwed({ ...run, paused: false, halt: null, resumeAtMs: null }, isPauseOwed);
    case 'run-nudged':
    case 'run-throttled':
      return settleOwed(run, (open) => open.incidentId === fact.incidentId);
    case 'rule-pending':
      return { ...run, pending: new Set([...run.pending, fact.rule]) };
    case 'rule-cleared':
      return { ...run, pending: new Set([...run.pending].filter((rule) => rule !== fact.rule)) };
    case 'incident-opened':
      return withIncident(run, { incidentId: fact.incidentId, rule: fact.rule, done: nothingDone, owed: null });
    case 'decision-made':
      return changeIncident(run, fact.rule, (incident) => ({
        ...incident,
        done: { steps: fact.step + 1, climbed: fact.climbed ?? null },
        owed:
          fact.enforced && fact.does !== 'alert' && fact.does !== 'continue'
            ? { step: fact.step, verb: fact.does, reason: fact.reason }
            : null,
      }));
    case 'action-averted':
      // An averted step is not used up: should the rule fire again in this episode, it is due again.
      return changeIncident(run, fact.rule, (incident) => ({
        ...incident,
        done: { ...incident.done, steps: fact.step },
        owed: null,
      }));
    case 'restart-refused':
      return changeIncident(run, fact.rule, (incident) => ({ ...incident, owed: null }));
    case 'incident-closed':
      return {
        ...run,
        incidents: new Map([...run.incidents].filter(([, open]) => open.incidentId !== fact.incidentId)),
      };
    case 'stop-began':
      // A stop lets a halted tree go on before it asks it to end: what was paused is so no more.
      return settleOwed({
        ...run,
        paused: false,
        halt: null,
        resumeAtMs: null,
        stop: {
          interventionId: fact.interventionId,
          incidentId: fact.incidentId,
          cause: fact.cause,
          graceMs: fact.graceMs,
          restartAfter: fact.restartAfter,
        },
      });
    case 'stop-verified':
      // Its main process is gone as well, though nobody has said so yet: what is still heard of it came late.
      return { ...run, stop: null, over: true };
    case 'kill-incomplete':
    case 'stop-refused':
      return { ...run, stop: null };
    default:
      return run;
  }
};

const haltOf = (kind: HaltUnderWay['kind'], { interventionId, by, reason, byRule = null }: HaltWish): HaltUnderWay => ({
  kind,
  isIncomplete: false,
  interventionId,
  by,
  byRule,
  reason,
});

type HaltWish = Pick<HaltUnderWay, 'interventionId' | 'by' | 'reason'> & { readonly byRule?: string | null };

const isPauseOwed = (open: OpenIncident): boolean => open.owed?.verb === 'pause';

/** What was owed is done, and the ladder goes on. */
const settleOwed = (run: GuardedRun, isDone: (open: OpenIncident) => boolean = () => true): GuardedRun => ({
  ...run,
  incidents: new Map(
    [...run.incidents].map(([rule, incident]) => [rule, isDone(incident) ? { ...incident, owed: null } : incident]),
  ),
});

const withRun = (state: ActionState, run: GuardedRun): ActionState => ({
  runs: new Map(state.runs).set(run.runId, run),
});

const withIncident = (run: GuardedRun, incident: OpenIncident): GuardedRun => ({
  ...run,
  incidents: new Map(run.incidents).set(incident.rule, incident),
});

const changeIncident = (
  run: GuardedRun,
  rule: string,
  change: (incident: OpenIncident) => OpenIncident,
): GuardedRun => {
  const incident = run.incidents.get(rule);
  return incident === undefined ? run : withIncident(run, change(incident));
};
