import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ulid } from 'ulid';
import { readPolicyText } from '#config/policy-files';
import type { Answer, StartedRun } from '#protocol/control';
import { type Actor, type Fact, runOf } from '#protocol/facts';
import { parseJobId, parseRunId, type RunId } from '#protocol/ids';
import type { ActionMessage, RunChange } from '#protocol/messages';
import type { ContainmentHandle, ContainmentLevel, RunRequest, RunSpec } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';
import { foldRun, type RunView } from '#protocol/views';
import type { Clock } from '#runtime/clock';
import { type FoundRun, findUnsettledRuns, readSpec, settledMark } from './adoption.ts';
import { signalOf, watchEnd } from './end-watch.ts';
import type { FactDesk } from './fact-desk.ts';
import { launchRun, layRunDir } from './launch-run.ts';
import { planRestart } from './restart-plan.ts';
import { jobKeyOf, runRequested } from './run-requested.ts';
import { createRunTable, type RunRecord, type RunTable, toWatchedRun } from './run-table.ts';

export interface FleetOptions {
  readonly clock: Clock;
  readonly runsDir: string;
  readonly policiesDir: string;
  readonly containment: ContainmentLevel;
  readonly handleFor: (
    level: ContainmentLevel,
    run: { readonly runId: string; readonly tag: number },
  ) => ContainmentHandle;
  readonly desk: () => FactDesk;
  /** To sampling, detection and action. */
  readonly tellWorkers: (change: RunChange) => void;
  readonly orderAction: (message: ActionMessage) => void;
  readonly onDamage: (what: string) => void;
}

/** The runs of this daemon from the wish to the last fact: start, adopt, end, restart, settle. */
export interface Fleet {
  readonly table: RunTable;
  start(request: RunRequest, by: Actor): Promise<StartedRun>;
  /** Starts a finished run's job once more. */
  startAgain(runId: RunId, by: Actor): Promise<Answer<StartedRun>>;
  adopt(history: readonly Fact[]): void;
  /** Folds a fact that was just written and does what follows from it. */
  believe(fact: Fact): void;
  /** All that a new worker has to be told. */
  introduce(tell: (change: RunChange) => void): void;
}

export const createFleet = (options: FleetOptions): Fleet => {
  const { clock, desk } = options;
  const table = createRunTable();

  const start = async (request: RunRequest, by: Actor): Promise<StartedRun> => {
    const runId = parseRunId(ulid());
    return launch(
      {
        ...request,
        runId,
        jobId: parseJobId(ulid()),
        jobKey: jobKeyOf(request.cwd, request.argv),
        generation: 1,
        requestedAtMs: clock.now(),
        restartsAtMs: [],
        handle: newHandle(runId),
      },
      by,
    );
  };

  const newHandle = (runId: RunId): ContainmentHandle =>
    options.handleFor(options.containment, { runId, tag: freshTag(table) });

  const launch = async (spec: RunSpec, by: Actor): Promise<StartedRun> => {
    const runDir = path.join(options.runsDir, spec.runId);
    const policy = readPolicyText(spec.policy, options.policiesDir);
    layRunDir(runDir, spec);
    const requested = desk().say(runRequested(spec, policy.name, by), { sync: true });
    const record: RunRecord = {
      spec,
      runDir,
      policy,
      view: viewOf([requested]),
      identity: null,
      shimIdentity: null,
      shim: null,
      adopted: false,
      restartAsked: null,
    };
    table.add(record);
    const launched = await launchRun(runDir, spec);
    const started = { runId: spec.runId, jobId: spec.jobId, runDir };
    if (launched.kind === 'failed') {
      const { exitCode, reason } = launched;
      desk().say({ kind: 'run-start-failed', runId: spec.runId, exitCode, reason });
      settle(record);
      return { ...started, failed: { exitCode, reason } };
    }
    const { identity, shim } = launched.pidFile;
    record.identity = identity;
    record.shimIdentity = shim;
    record.shim = launched.shim;
    desk().say({ kind: 'run-started', runId: spec.runId, ...identity });
    watch(record);
    return { ...started, failed: null };
  };

  const watch = (record: RunRecord): void => {
    if (record.identity !== null) options.tellWorkers({ kind: 'watch', run: toWatchedRun(record, record.identity) });
    watchEnd(record, clock, (end) => {
      const { runId } = record.spec;
      if (end.kind === 'exited') {
        const { code, endedAtMs } = end.exit;
        desk().say({ kind: 'run-exited', runId, code, signal: signalOf(code), endedAtMs });
      } else desk().say({ kind: 'run-lost', runId, why: end.why });
    });
  };

  const believe = (fact: Fact): void => {
    if (!('runId' in fact) || fact.runId === null) return;
    const record = table.get(fact.runId);
    if (record === undefined) return;
    const before = record.view;
    record.view = foldRun(before, fact) ?? before;
    follow(record, fact, before);
  };

  const follow = (record: RunRecord, fact: Fact, before: RunView): void => {
    const { runId } = record.spec;
    switch (fact.kind) {
      case 'run-exited':
      case 'run-lost':
        options.tellWorkers({ kind: 'unwatch', runId });
        // A stop under way goes on to its own verified end; otherwise somebody must look at what is left.
        if (before.state !== 'stopping') options.orderAction({ kind: 'reap', runId });
        else if (record.view.verifiedEmpty || record.view.survivors > 0) settle(record);
        return;
      case 'stop-began':
        record.restartAsked = askerOf(fact);
        return;
      case 'stop-verified':
      case 'kill-incomplete':
      case 'tree-empty':
      case 'orphans-spared':
        if (isOver(record.view.state)) settle(record);
        return;
      case 'run-paused':
        options.tellWorkers({ kind: 'paused', runId, atMs: fact.atMs });
        return;
      case 'run-resumed':
        options.tellWorkers({ kind: 'resumed', runId, atMs: fact.atMs });
        return;
      default:
        return;
    }
  };

  /** The last decision about a run: whether another follows. */
  const settle = (record: RunRecord): void => {
    if (record.view.settled) return;
    const { runId, jobId, restartsAtMs } = record.spec;
    const plan = planRestart({
      view: record.view,
      restartAsked: record.restartAsked,
      restartsAtMs,
      nowMs: clock.now(),
      chance: Math.random(),
    });
    if (plan.kind === 'restart') {
      const { attempt, delayMs, cause, reason } = plan;
      desk().say(
        { kind: 'restart-scheduled', runId, jobId, attempt, delayMs, dueAtMs: clock.now() + delayMs, cause, reason },
        { sync: true },
      );
      clock.after(delayMs, () => void restart(record, cause));
      return;
    }
    if (plan.kind === 'quarantine') {
      desk().say(
        { kind: 'job-quarantined', runId, jobId, restarts: plan.restarts, windowMs: 600_000, reason: plan.reason },
        { sync: true },
      );
    }
    close(record, plan.kind);
  };

  const close = (record: RunRecord, next: 'none' | 'restart' | 'quarantine'): void => {
    const { runId } = record.spec;
    desk().say({ kind: 'run-settled', runId, next }, { sync: true });
    markSettled(record.runDir);
    table.drop(runId);
  };

  const restart = async (record: RunRecord, cause: 'crash' | 'policy' | 'user'): Promise<void> => {
    const next = nextGeneration(record, cause);
    desk().say(
      { kind: 'run-restarted', runId: record.spec.runId, jobId: record.spec.jobId, nextRunId: next.runId },
      { sync: true },
    );
    const by: Actor = cause === 'user' ? 'api' : 'daemon';
    await launch(next, by);
    close(record, 'restart');
  };

  const nextGeneration = (record: RunRecord, cause: 'crash' | 'policy' | 'user'): RunSpec => {
    const runId = record.view.nextRunId ?? parseRunId(ulid());
    const counted = cause === 'user' ? record.spec.restartsAtMs : [...record.spec.restartsAtMs, clock.now()].slice(-50);
    return {
      ...record.spec,
      runId,
      generation: record.spec.generation + 1,
      requestedAtMs: clock.now(),
      restartsAtMs: counted,
      handle: newHandle(runId),
    };
  };

  const adopt = (history: readonly Fact[]): void => {
    for (const found of findUnsettledRuns(options.runsDir, (dir, why) => options.onDamage(`${dir}: ${why}`)))
      adoptOne(found, history);
  };

  const adoptOne = (found: FoundRun, history: readonly Fact[]): void => {
    const { spec, runDir, pidFile } = found;
    const policy = readPolicyText(spec.policy, options.policiesDir);
    const known = history.filter((fact) => runOf(fact) === spec.runId);
    // Nothing is known of it where the journal was lost: its directory speaks for it.
    const past = known.length > 0 ? known : [desk().say(runRequested(spec, policy.name, 'daemon'))];
    const stopAsked = past.findLast((fact) => fact.kind === 'stop-began');
    const record: RunRecord = {
      spec,
      runDir,
      policy,
      view: viewOf(past),
      identity: pidFile?.identity ?? null,
      shimIdentity: pidFile?.shim ?? null,
      shim: null,
      adopted: true,
      restartAsked: stopAsked?.kind === 'stop-began' ? askerOf(stopAsked) : null,
    };
    table.add(record);
    desk().say({ kind: 'run-adopted', runId: spec.runId, outcome: found.outcome, detail: found.detail });
    takeUp(record, found);
  };

  /** Goes on where the daemon before stopped: each state of a run has one thing that is owed next. */
  const takeUp = (record: RunRecord, found: FoundRun): void => {
    const { runId } = record.spec;
    if (record.view.nextRunId !== null) {
      close(record, 'restart');
      return;
    }
    if (record.view.restartDueAtMs !== null) {
      const delayMs = Math.max(0, record.view.restartDueAtMs - clock.now());
      clock.after(delayMs, () => void restart(record, record.restartAsked ?? 'crash'));
      return;
    }
    if (isOver(record.view.state)) {
      if (record.identity !== null) options.tellWorkers({ kind: 'watch', run: toWatchedRun(record, record.identity) });
      options.orderAction({ kind: 'reap', runId });
      return;
    }
    if (found.outcome === 'never_started') {
      desk().say({ kind: 'run-start-failed', runId, exitCode: 125, reason: 'FlowForge died while it was starting' });
      settle(record);
      return;
    }
    if (found.outcome === 'lost_reboot') {
      desk().say({ kind: 'run-lost', runId, why: found.detail });
      return;
    }
    if (record.view.state === 'starting' && record.identity !== null)
      desk().say({ kind: 'run-started', runId, ...record.identity });
    watch(record);
  };

  return {
    table,
    start,
    startAgain: async (runId, by) => {
      const runDir = path.join(options.runsDir, runId);
      try {
        const { restartsAtMs: _spent, ...request } = readSpec(runDir);
        const fresh = parseRunId(ulid());
        const spec: RunSpec = {
          ...request,
          runId: fresh,
          generation: request.generation + 1,
          requestedAtMs: clock.now(),
          restartsAtMs: [],
          handle: newHandle(fresh),
        };
        return { kind: 'done', value: await launch(spec, by) };
      } catch (cause) {
        const detail = `the job of run ${runId} cannot be started again: ${cause instanceof Error ? cause.message : String(cause)}`;
        return { kind: 'refused', code: 'not-found', detail, hint: 'start the command anew with `flowforge run`' };
      }
    },
    adopt,
    believe,
    introduce: (tell) => {
      for (const record of table.all()) {
        if (record.identity === null) continue;
        tell({ kind: 'watch', run: toWatchedRun(record, record.identity) });
        if (record.view.state === 'paused') tell({ kind: 'paused', runId: record.spec.runId, atMs: clock.now() });
        if (isOver(record.view.state)) tell({ kind: 'unwatch', runId: record.spec.runId });
      }
    },
  };
};

/** @throws TypeError when the facts do not begin with the wish for the run. */
const viewOf = (facts: readonly Fact[]): RunView => {
  const view = facts.reduce<RunView | null>(foldRun, null);
  if (view === null) throw new TypeError(`facts of a run begin with run-requested, got ${facts[0]?.kind ?? 'none'}`);
  return view;
};

const askerOf = (fact: Extract<Fact, { kind: 'stop-began' }>): 'policy' | 'user' | null => {
  if (!fact.restartAfter) return null;
  return fact.by === 'policy' ? 'policy' : 'user';
};

/** A number that no other live run carries; the second half of containment by tag. */
const freshTag = (table: RunTable): number => {
  const taken = new Set(table.all().map((record) => record.spec.handle.tag));
  for (;;) {
    const tag = Math.floor(Math.random() * 2 ** 31);
    if (!taken.has(tag)) return tag;
  }
};

const markSettled = (runDir: string): void => {
  try {
    writeFileSync(path.join(runDir, settledMark), '', { mode: 0o600 });
  } catch {
    /* the directory is gone or the disk is full: a later daemon looks once more and settles it again */
  }
};
