import { assertNever } from './assert-never.ts';
import { type Fact, runOf } from './facts.ts';
import { nameSurvivors } from './name-survivors.ts';
import { isOver } from './run-state.ts';
import type { RunView } from './views.ts';

/** Folds one fact into the run it is about. Facts of other runs leave the view as it is. @throws TypeError on a fact about a run that was never requested. */
export const foldRun = (view: RunView | null, fact: Fact): RunView | null => {
  const runId = runOf(fact);
  if (runId === null || (view !== null && view.runId !== runId)) return view;
  if (view !== null && fact.seq <= view.lastSeq) return view;
  if (fact.kind === 'run-requested' || fact.kind === 'run-queued') return beginRun(view, fact);
  if (view === null) return null;
  return { ...changeRun(view, fact), lastSeq: fact.seq };
};

const noRun = {
  pid: null,
  startedAtMs: null,
  endedAtMs: null,
  exitCode: null,
  signal: null,
  profile: 'standard',
  limits: null,
  policy: '',
  containment: 'process-group',
  restart: { mode: 'no', max: 0 },
  adoption: null,
  stopCause: null,
  stopReason: null,
  verifiedEmpty: false,
  survivors: 0,
  restartDueAtMs: null,
  nextRunId: null,
  trouble: null,
  settled: false,
} as const;

const beginRun = (view: RunView | null, fact: Extract<Fact, { kind: 'run-requested' | 'run-queued' }>): RunView => {
  const seen = {
    ...(view ?? noRun),
    runId: fact.runId,
    jobId: fact.jobId,
    name: fact.face.name,
    command: fact.face.argv,
    cwd: fact.face.cwd,
    labels: fact.face.labels,
    requestedAtMs: view?.requestedAtMs ?? fact.atMs,
    lastSeq: fact.seq,
  };
  if (fact.kind === 'run-queued') return { ...seen, generation: fact.generation, state: 'queued', trouble: fact.why };
  return {
    ...seen,
    generation: fact.generation,
    state: 'starting',
    trouble: null,
    profile: fact.profile,
    limits: fact.limits,
    policy: fact.policyName,
    containment: fact.containment,
    restart: fact.restart,
  };
};

const changeRun = (view: RunView, fact: Fact): RunView => {
  switch (fact.kind) {
    case 'run-requested':
    case 'run-queued':
      return view;
    case 'run-dequeued':
      return { ...view, state: 'stopped', endedAtMs: fact.atMs, stopCause: 'user', stopReason: fact.why };
    case 'run-started':
      return {
        ...view,
        state: view.state === 'starting' ? 'running' : view.state,
        pid: fact.pid,
        startedAtMs: fact.atMs,
      };
    case 'run-start-failed':
      return { ...view, state: 'failed', exitCode: fact.exitCode, endedAtMs: fact.atMs, trouble: fact.reason };
    case 'run-adopted':
      return { ...view, adoption: fact.outcome };
    case 'run-exited':
      return {
        ...view,
        state: view.state === 'stopping' ? 'stopped' : 'exited',
        exitCode: fact.code,
        trouble: null,
        signal: fact.signal,
        endedAtMs: fact.endedAtMs,
      };
    case 'run-lost':
      return { ...view, state: 'lost', endedAtMs: fact.atMs, trouble: fact.why };
    case 'run-paused':
      return { ...view, state: 'paused', trouble: null };
    case 'pause-incomplete':
      return { ...view, trouble: `its pause is not complete: ${nameSurvivors(fact.moving)} still running` };
    case 'run-resumed':
      return { ...view, state: view.state === 'paused' ? 'running' : view.state, trouble: null };
    case 'stop-began':
      // Ending what a finished run left behind does not change how the run itself ended.
      return isOver(view.state)
        ? view
        : { ...view, state: 'stopping', trouble: null, stopCause: fact.cause, stopReason: fact.reason };
    case 'stop-verified':
    case 'tree-empty':
      return { ...view, verifiedEmpty: true, survivors: 0 };
    case 'run-settled':
      return { ...view, settled: true };
    case 'kill-incomplete':
      return { ...view, survivors: fact.survivors.length };
    case 'restart-scheduled':
      return { ...view, restartDueAtMs: fact.dueAtMs };
    case 'run-restarted':
      return { ...view, nextRunId: fact.nextRunId, restartDueAtMs: null };
    case 'restart-cancelled':
      return { ...view, restartDueAtMs: null, restart: { mode: 'no', max: 0 } };
    case 'job-quarantined':
      return { ...view, state: 'quarantined', trouble: fact.reason, restartDueAtMs: null };
    case 'orphans-spared':
    case 'pause-began':
    case 'resume-began':
    case 'containment-fell-back':
    case 'stop-resumed':
    case 'stop-signalled':
    case 'stop-refused':
    case 'output-gap':
    case 'log-uncapped':
    case 'log-archived':
    case 'log-dropped':
    case 'rule-pending':
    case 'rule-cleared':
    case 'incident-opened':
    case 'decision-made':
    case 'action-averted':
    case 'restart-refused':
    case 'incident-closed':
    case 'daemon-started':
    case 'daemon-stopped':
    case 'daemon-stalled':
    case 'worker-started':
    case 'worker-died':
    case 'worker-given-up':
    case 'ledger-trouble':
    case 'record-shortened':
    case 'policy-applied':
    case 'policy-refused':
    case 'policy-held':
    case 'shadow-overdue':
    case 'incident-acknowledged':
    case 'run-nudged':
    case 'run-throttled':
    case 'budget-extended':
    case 'fleet-budget-extended':
    case 'audit-recorded':
      return view;
    default:
      return assertNever(fact);
  }
};
