import { assertNever } from './assert-never.ts';
import { type AdoptionOutcome, type Fact, type FactBody, incidentOf, runOf, type StopCause } from './facts.ts';
import type { IncidentId, JobId, RunId } from './ids.ts';
import type { Evidence, Severity, Verb } from './judgement.ts';
import type { LiveRow, LiveRule } from './messages.ts';
import type { ContainmentLevel, Profile, RestartSetting, RunLimits } from './run-spec.ts';
import { type Activity, isOver, type RunState } from './run-state.ts';

/** A run as people see it: a fold of its facts. Live numbers are beside it, never inside it. */
export interface RunView {
  readonly runId: RunId;
  readonly jobId: JobId;
  readonly generation: number;
  readonly name: string;
  readonly state: RunState;
  readonly pid: number | null;
  /** Redacted argv. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly requestedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly profile: Profile;
  readonly limits: RunLimits | null;
  readonly policy: string;
  readonly containment: ContainmentLevel;
  readonly restart: RestartSetting;
  readonly adoption: AdoptionOutcome | null;
  /** Why FlowForge or its user ended it; null while nobody did. */
  readonly stopCause: StopCause | null;
  readonly stopReason: string | null;
  /** True once the tree was verified empty after a stop. */
  readonly verifiedEmpty: boolean;
  readonly survivors: number;
  /** Will be followed by another run of the job. */
  readonly restartDueAtMs: number | null;
  readonly nextRunId: RunId | null;
  /** Reason of a failed start, a loss or a quarantine. */
  readonly trouble: string | null;
  /** Its end, its tree and what follows are decided; no further fact will change it. */
  readonly settled: boolean;
  readonly lastSeq: number;
}

export interface IncidentView {
  readonly incidentId: IncidentId;
  readonly runId: RunId;
  readonly name: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: 'open' | 'closed';
  /** The strongest thing that was done, or would have been done where `enforced` is false. */
  readonly action: Verb;
  readonly enforced: boolean;
  readonly openedAtMs: number;
  readonly closedAtMs: number | null;
  readonly outcome: string | null;
  readonly summary: string;
  readonly evidence: readonly Evidence[];
  readonly policyHash: string;
}

/** One line of a timeline: the fact itself and one sentence about it. */
export interface TimelineEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: FactBody['kind'];
  readonly runId: RunId | null;
  readonly incidentId: IncidentId | null;
  /** 0 background, 1 ordinary, 2 what a person looks for first. */
  readonly weight: 0 | 1 | 2;
  readonly text: string;
  readonly fact: Fact;
}

/** What `ps --json`, `inspect --json` and `/v1/runs` speak of: the fold and the live numbers side by side, flat. */
export interface RunRow {
  readonly runId: RunId;
  readonly jobId: JobId;
  readonly generation: number;
  readonly name: string;
  readonly state: RunState;
  readonly activity: Activity;
  readonly pid: number | null;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly cpuPct: number | null;
  readonly rssBytes: number | null;
  readonly processes: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly policy: string;
  readonly containment: ContainmentLevel;
  readonly rules: readonly LiveRule[];
  readonly lastLine: string | null;
  readonly progressAgeS: number | null;
  readonly costUsd: number | null;
  readonly stopCause: StopCause | null;
  readonly stopReason: string | null;
  readonly trouble: string | null;
  /** When the live numbers were taken; null when there are none. */
  readonly liveAtMs: number | null;
  readonly nextRunId: RunId | null;
  readonly restartDueAtMs: number | null;
}

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
  if (fact.kind === 'run-queued') return { ...seen, generation: view?.generation ?? 1, state: 'queued' };
  return {
    ...seen,
    generation: fact.generation,
    state: 'starting',
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
        signal: fact.signal,
        endedAtMs: fact.endedAtMs,
      };
    case 'run-lost':
      return { ...view, state: 'lost', endedAtMs: fact.atMs, trouble: fact.why };
    case 'run-paused':
      return { ...view, state: 'paused' };
    case 'run-resumed':
      return { ...view, state: view.state === 'paused' ? 'running' : view.state };
    case 'stop-began':
      // Ending what a finished run left behind does not change how the run itself ended.
      return isOver(view.state) ? view : { ...view, state: 'stopping', stopCause: fact.cause, stopReason: fact.reason };
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
    case 'job-quarantined':
      return { ...view, state: 'quarantined', trouble: fact.reason, restartDueAtMs: null };
    case 'orphans-spared':
    case 'containment-fell-back':
    case 'stop-resumed':
    case 'stop-signalled':
    case 'stop-refused':
    case 'output-gap':
    case 'rule-pending':
    case 'rule-cleared':
    case 'incident-opened':
    case 'decision-made':
    case 'action-averted':
    case 'incident-closed':
    case 'daemon-started':
    case 'daemon-stopped':
    case 'worker-started':
    case 'worker-died':
    case 'worker-given-up':
    case 'ledger-trouble':
    case 'policy-applied':
    case 'policy-refused':
    case 'policy-held':
    case 'incident-acknowledged':
    case 'run-nudged':
    case 'run-throttled':
    case 'budget-extended':
    case 'audit-recorded':
      return view;
    default:
      return assertNever(fact);
  }
};

/** Folds one fact into the incident it belongs to. */
export const foldIncident = (view: IncidentView | null, fact: Fact): IncidentView | null => {
  const incidentId = incidentOf(fact);
  if (incidentId === null || (view !== null && view.incidentId !== incidentId)) return view;
  switch (fact.kind) {
    case 'incident-opened':
      return {
        incidentId: fact.incidentId,
        runId: fact.runId,
        name: fact.name,
        rule: fact.rule,
        severity: fact.severity,
        state: 'open',
        action: 'continue',
        enforced: false,
        openedAtMs: fact.atMs,
        closedAtMs: null,
        outcome: null,
        summary: fact.summary,
        evidence: fact.evidence,
        policyHash: fact.policyHash,
      };
    case 'decision-made':
      return view && { ...view, action: fact.enforced ? fact.does : fact.wouldDo, enforced: fact.enforced };
    case 'incident-closed':
      return view && { ...view, state: 'closed', closedAtMs: fact.atMs, outcome: fact.outcome };
    default:
      return view;
  }
};

/** Puts the fold and the live numbers of one run side by side. Numbers of a run that is over are left out. */
export const toRunRow = (view: RunView, live: LiveRow | null): RunRow => {
  const seen = live !== null && !isOver(view.state) ? live : null;
  return {
    runId: view.runId,
    jobId: view.jobId,
    generation: view.generation,
    name: view.name,
    state: view.state,
    activity: activityOf(view, seen),
    pid: view.pid,
    command: view.command,
    cwd: view.cwd,
    startedAtMs: view.startedAtMs,
    endedAtMs: view.endedAtMs,
    exitCode: view.exitCode,
    signal: view.signal,
    cpuPct: numberOf(seen, 'cpu.pct'),
    rssBytes: numberOf(seen, 'mem.rss'),
    processes: numberOf(seen, 'procs.count'),
    labels: view.labels,
    policy: view.policy,
    containment: view.containment,
    rules: seen?.rules ?? [],
    lastLine: live?.lastLine ?? null,
    progressAgeS: numberOf(seen, 'progress.age'),
    costUsd: numberOf(live, 'cost.usd'),
    stopCause: view.stopCause,
    stopReason: view.stopReason,
    trouble: view.trouble,
    liveAtMs: seen?.atMs ?? null,
    nextRunId: view.nextRunId,
    restartDueAtMs: view.restartDueAtMs,
  };
};

const numberOf = (live: LiveRow | null, name: keyof LiveRow['signals']): number | null => {
  const value = live?.signals[name];
  return typeof value === 'number' ? value : null;
};

const activityOf = (view: RunView, live: LiveRow | null): Activity => {
  if (live === null || view.state !== 'running') return 'idle';
  if (live.signals['agent.state'] === 'needs_input') return 'needs-input';
  if ((numberOf(live, 'stall.level') ?? 0) >= 2) return 'stalled';
  const quiet = (numberOf(live, 'cpu.pct') ?? 0) < 1 && (numberOf(live, 'output.age') ?? Number.POSITIVE_INFINITY) > 30;
  return quiet ? 'idle' : 'active';
};
