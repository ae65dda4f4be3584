import { existsSync, writeFileSync } from 'node:fs';
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
import type { RunView } from '#protocol/views';
import { toAdoptedRecord } from './adopted-record.ts';
import { findUnsettledRuns, lookAtRun, settledMark } from './adoption.ts';
import { factOf, watchEnd } from './end-watch.ts';
import { createJobStarter, type StarterOptions } from './job-starter.ts';
import { planRestart, restartWindowMs, waitFor } from './restart-plan.ts';
import { closeStdin, isQueued } from './run-files.ts';
import { askerOf, createRunTable, type RunRecord, type RunTable, toWatchedRun } from './run-table.ts';

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
  /** Starts a finished run's job once more. */
  startAgain(runId: RunId, by: Actor): Promise<Answer<StartedRun>>;
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
    if (record.identity !== null) tellWorkers({ kind: 'watch', run: toWatchedRun(record, record.identity) });
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
        // A stop under way goes on to its own verified end; otherwise somebody must look at what is left.
        if (before.state !== 'stopping') orderAction({ kind: 'reap', runId });
        else if (record.view.verifiedEmpty || record.view.survivors > 0) settle(record);
        return;
      case 'run-dequeued':
        close(record, 'none');
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
        tellWorkers({ kind: 'paused', runId, atMs: fact.atMs });
        return;
      case 'run-resumed':
        tellWorkers({ kind: 'resumed', runId, atMs: fact.atMs });
        return;
      case 'incident-acknowledged':
        record.acknowledged.add(fact.rule);
        tellWorkers({ kind: 'acknowledged', runId, rule: fact.rule, verdict: fact.verdict });
        return;
      case 'rule-cleared':
        record.acknowledged.delete(fact.rule);
        return;
      case 'budget-extended':
        record.extraUsd = new Map(record.extraUsd).set(fact.budget, fact.extraUsd);
        tellWorkers({ kind: 'budget-extended', runId, budget: fact.budget, extraUsd: fact.extraUsd });
        return;
      default:
        return;
    }
  };

  /** The last decision about a run: whether another follows. */
  const settle = (record: RunRecord): void => {
    if (record.view.settled || record.view.restartDueAtMs !== null) return;
    const { view, restartAsked, spec } = record;
    const { runId, jobId, restartsAtMs } = spec;
    const plan = planRestart({ view, restartAsked, restartsAtMs, nowMs: clock.now(), chance: Math.random() });
    if (plan.kind === 'restart') {
      const { kind: _, ...planned } = plan;
      const dueAtMs = clock.now() + plan.delayMs;
      desk().say({ kind: 'restart-scheduled', runId, jobId, dueAtMs, ...planned }, { sync: true });
      clock.after(plan.delayMs, () => void restart(record, plan.cause));
      return;
    }
    if (plan.kind === 'quarantine') {
      const { restarts, reason } = plan;
      desk().say(
        { kind: 'job-quarantined', runId, jobId, restarts, windowMs: restartWindowMs, reason },
        { sync: true },
      );
    }
    close(record, plan.kind);
  };

  const restart = async (record: RunRecord, cause: 'crash' | 'policy' | 'user'): Promise<void> => {
    await starter.next(record, cause);
    close(record, 'restart');
  };

  const close = (record: RunRecord, next: 'none' | 'restart' | 'quarantine'): void => {
    desk().say({ kind: 'run-settled', runId: record.spec.runId, next }, { sync: true });
    markSettled(record.runDir);
    table.drop(record.spec.runId);
    starter.startQueued();
  };

  const starter = createJobStarter({ ...options, table, onStarted: watch });

  /** Goes on where the daemon before stopped: each state of a run has one thing that is owed next. */
  const takeUp = (record: RunRecord): void => {
    const { spec, view, identity } = record;
    const { runId } = spec;
    const cause = record.restartAsked ?? 'crash';
    if (view.nextRunId !== null) {
      // The next run was announced; it may not have come to be before the daemon died.
      if (existsSync(path.join(options.runsDir, view.nextRunId))) close(record, 'restart');
      else void restart(record, cause);
    } else if (view.restartDueAtMs !== null) {
      clock.after(waitFor(view.restartDueAtMs, clock.now()), () => void restart(record, cause));
    } else if (isOver(view.state)) {
      if (identity !== null) tellWorkers({ kind: 'watch', run: toWatchedRun(record, identity) });
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
    const { pidFile, outcome, detail } = lookAtRun(record.runDir);
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
    startAgain: async (runId, by) => {
      try {
        return { kind: 'done', value: await starter.again(runId, by) };
      } catch (cause) {
        const detail = `run ${runId} cannot be started again: ${cause instanceof Error ? cause.message : String(cause)}`;
        return { kind: 'refused', code: 'not-found', detail, hint: 'start the command anew with `flowforge run`' };
      }
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
      follow(record, fact, before);
    },
    introduce: (tell) => {
      for (const record of table.all()) {
        if (record.identity === null) continue;
        const { runId } = record.spec;
        tell({ kind: 'watch', run: toWatchedRun(record, record.identity) });
        if (record.view.state === 'paused') tell({ kind: 'paused', runId, atMs: clock.now() });
        for (const rule of record.acknowledged) tell({ kind: 'acknowledged', runId, rule, verdict: null });
        for (const [budget, extraUsd] of record.extraUsd) tell({ kind: 'budget-extended', runId, budget, extraUsd });
        if (isOver(record.view.state)) tell({ kind: 'unwatch', runId });
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
