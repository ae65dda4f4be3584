import type { FactBody } from '#protocol/facts';
import type { InterventionId } from '#protocol/ids';
import type { GuardedRun } from './action-state.ts';
import type { ActionThought } from './action-thought.ts';

/** A stop has run its course: killed is said of an empty tree alone, survivors are named. */
export const endStop = (run: GuardedRun, end: Extract<ActionThought, { kind: 'stop-ended' }>): readonly FactBody[] => {
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

/** The main process ended by itself: what is left of its tree is ended, spared where asked, or said not to be there. */
export const reap = (
  run: GuardedRun,
  seen: Extract<ActionThought, { kind: 'tree-looked-at' }>,
): readonly FactBody[] => {
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
