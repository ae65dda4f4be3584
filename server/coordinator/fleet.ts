import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PolicyStore } from '#config/policy-store';
import type { Actor } from '#protocol/actor';
import type { Answer, StartedRun } from '#protocol/control';
import { type Fact, runOf } from '#protocol/facts';
import { foldRun } from '#protocol/fold-run';
import type { RunId } from '#protocol/ids';
import type { ActionMessage, RunChange } from '#protocol/messages';
import type { RunRequest } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';
import { extraIn } from '#protocol/spending';
import type { RunView } from '#protocol/views';
import { toAdoptedRecord } from './adopted-record.ts';
import { findUnsettledRuns, lookAtRun, settledMark } from './adoption.ts';
import { factOf, watchEnd } from './end-watch.ts';
import { introductionOf } from './introduce-run.ts';
import { createJobStarter, type StarterOptions } from './job-starter.ts';
import { foldPausedTime } from './paused-time.ts';
import { restartCheck } from './restart-check.ts';
import { closeStdin, isQueued } from './run-files.ts';
import { askerOf, createRunTable, pauserAfter, type RunRecord, type RunTable } from './run-table.ts';
import { startAgain } from './start-again.ts';
import { createSuccessors, type Wish } from './successors.ts';

export interface FleetOptions extends Omit<StarterOptions, 'table' | 'onStarted'> {
  readonly policiesDir: string;
  readonly store: PolicyStore;
  /** To sampling, detection and action. */
  readonly tellWorkers: (change: RunChange) => void;
  readonly orderAction: (message: ActionMessage) => void;
  readonly onDamage: (what: string) => void;
}

/** The runs of this daemon from the wish to the last fact: start, adopt, end, restart, settle. */
export interface Fleet {
  readonly table: RunTable;
  /** @throws Error when the policy of the request cannot be read. */
  start(request: RunRequest, by: Actor): Promise<StartedRun>;
  /** Starts the job of a run that is over once more, unless another run of it is there already. */
  startAgain(runId: RunId, by: Actor): Promise<Answer<{ accepted: true }>>;
  /** Sees to it that no other run follows. False when none would have. */
  cancelRestart(runId: RunId, wish: Wish): boolean;
  /** Takes up every run that an earlier daemon left. @param history what the journal knows of them. */
  adopt(history: readonly Fact[], settled: ReadonlySet<RunId>): void;
  /** Takes a run that never started out of the queue. False when it does not wait there. */
  dequeue(runId: RunId, why: string): boolean;
  /** Folds a fact that was just written and does what follows from it. */
  believe(fact: Fact): void;
  /** All that a worker has to be told that takes a dead one's place. */
  introduce(tell: (change: RunChange) => void): void;
}

/** Between two looks at a run whose shim is just starting it. */
const lookAgainMs = 20;

export const createFleet = (options: FleetOptions): Fleet => {
  const { clock, desk, tellWorkers, orderAction } = options;
  const table = createRunTable();

  const watch = (record: RunRecord): void => {
    const { runId } = record.spec;
    for (const change of introductionOf(record, clock.now())) tellWorkers(change);
    watchEnd(record, clock, (end) => {
      closeStdin(record.runDir);
      desk().say(factOf(runId, end));
    });
  };

  const follow = (record: RunRecord, fact: Fact, before: RunView): void => {
    const { runId } = record.spec;
    switch (fact.kind) {
      case 'run-exited':
      case 'run-start-failed':
      case 'run-lost':
        tellWorkers({ kind: 'unwatch', runId });
        // A stop under way goes on to its own verified end; otherwise somebody must look at what is left. So it is after a
        // stop that could not end the main process itself: what kept it is over now, and the others may be gone, too.
        if (before.state !== 'stopping' || record.view.survivors > 0) orderAction({ kind: 'reap', runId });
        else if (record.view.verifiedEmpty) successors.settle(record);
        return;
      case 'run-dequeued':
        close(record, 'none');
        return;
      case 'stop-began':
        record.restartAsked = askerOf(fact);
        record.restartBudget = fact.restartBudget ?? null;
        return;
      case 'restart-cancelled':
        record.restartAsked = null;
        return;
      case 'stop-verified':
      case 'kill-incomplete':
      case 'tree-empty':
      case 'orphans-spared':
        if (isOver(record.view.state)) successors.settle(record);
        return;
      case 'run-paused':
        record.pausedBy = pauserAfter(record.pausedBy, fact);
        tellWorkers({ kind: 'paused', runId, atMs: fact.atMs });
        return;
      case 'run-resumed':
        record.pausedBy = pauserAfter(record.pausedBy, fact);
        tellWorkers({ kind: 'resumed', runId, atMs: fact.atMs });
        return;
      case 'incident-acknowledged':
        record.acknowledged.add(fact.rule);
        tellWorkers({ kind: 'acknowledged', runId, rule: fact.rule, verdict: fact.verdict });
        return;
      case 'rule-cleared':
        record.acknowledged.delete(fact.rule);
        return;
      case 'decision-made':
        if (fact.enforced && fact.does === 'restart') orderAction(restartCheck(record.spec, fact.rule));
        return;
      case 'budget-extended':
        record.extra = new Map(record.extra).set(fact.budget, extraIn(fact));
        tellWorkers({ kind: 'budget-extended', runId, budget: fact.budget, extra: extraIn(fact) });
        return;
      default:
        return;
    }
  };

  const close = (record: RunRecord, next: 'none' | 'restart' | 'quarantine'): void => {
    desk().say({ kind: 'run-settled', runId: record.spec.runId, next }, { sync: true });
    markSettled(record.runDir);
    table.drop(record.spec.runId);
    starter.startQueued();
  };

  const starter = createJobStarter({ ...options, table, onStarted: watch });
  const successors = createSuccessors({ ...options, starter, close });

  /** Goes on where the daemon before stopped: each state of a run has one thing that is owed next. */
  const takeUp = (record: RunRecord): void => {
    const { spec, view, identity } = record;
    const { runId } = spec;
    if (successors.takeUp(record)) return;
    if (isOver(view.state)) {
      for (const change of introductionOf(record, clock.now())) tellWorkers(change);
      orderAction({ kind: 'reap', runId });
    } else if (isQueued(record.runDir)) {
      starter.wait(record);
    } else if (view.adoption === 'never_started') {
      desk().say({ kind: 'run-start-failed', runId, exitCode: 125, reason: 'FlowForge died while it was starting' });
    } else if (view.adoption === 'adopted' && identity === null) {
      awaitIdentity(record);
    } else if (view.adoption === 'lost_reboot') {
      desk().say({ kind: 'run-lost', runId, why: 'the machine was started anew since' });
    } else {
      if (view.state === 'starting' && identity !== null) desk().say({ kind: 'run-started', runId, ...identity });
      watch(record);
    }
  };

  /** Its shim is about to say who the job is. */
  const awaitIdentity = (record: RunRecord): void => {
    const { pidFile, outcome, detail } = lookAtRun(record.runDir, record.spec.handle);
    record.identity = pidFile?.identity ?? null;
    record.shimIdentity = pidFile?.shim ?? null;
    if (outcome === 'adopted' && pidFile === null) {
      clock.after(lookAgainMs, () => awaitIdentity(record));
      return;
    }
    const { runId } = record.spec;
    if (pidFile === null) desk().say({ kind: 'run-start-failed', runId, exitCode: 125, reason: detail });
    else takeUp(record);
  };

  return {
    table,
    start: starter.first,
    startAgain: (runId, by) => startAgain({ ...options, table, successors, starter }, runId, by),
    cancelRestart: (runId, wish) => {
      const record = table.get(runId);
      return record !== undefined && successors.cancel(record, wish);
    },
    adopt: (history, settled) => {
      const onDamage = (dir: string, why: string): void => options.onDamage(`${dir}: ${why}`);
      // Settled in the record, but the daemon died before it could mark the directory.
      for (const runId of settled) markSettled(path.join(options.runsDir, runId));
      for (const found of findUnsettledRuns(options.runsDir, onDamage)) {
        const { record, seen } = toAdoptedRecord(found, history, {
          policiesDir: options.policiesDir,
          store: options.store,
          say: (body) => desk().say(body),
        });
        table.add(record);
        if (!isOver(record.view.state)) options.policies().joined(record, seen);
        desk().say({ kind: 'run-adopted', runId: found.spec.runId, outcome: found.outcome, detail: found.detail });
        takeUp(record);
      }
    },
    dequeue: (runId, why) => {
      if (table.get(runId)?.view.state !== 'queued') return false;
      desk().say({ kind: 'run-dequeued', runId, why }, { sync: true });
      return true;
    },
    believe: (fact) => {
      const runId = runOf(fact);
      const record = runId === null ? undefined : table.get(runId);
      if (record === undefined) return;
      const before = record.view;
      record.view = foldRun(before, fact) ?? before;
      record.paused = foldPausedTime(record.paused, fact);
      follow(record, fact, before);
    },
    introduce: (tell) => {
      for (const record of table.all()) {
        if (record.identity === null) continue;
        for (const change of introductionOf(record, clock.now())) tell(change);
        if (isOver(record.view.state)) tell({ kind: 'unwatch', runId: record.spec.runId });
      }
    },
  };
};

const markSettled = (runDir: string): void => {
  try {
    writeFileSync(path.join(runDir, settledMark), '', { mode: 0o600 });
  } catch {
    /* the directory is gone or the disk is full: a later daemon looks once more and settles it again */
  }
};
