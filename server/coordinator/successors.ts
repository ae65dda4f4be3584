import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Actor } from '#protocol/actor';
import { parseIncidentId, type RunId } from '#protocol/ids';
import type { Clock } from '#runtime/clock';
import { newUlid } from '#runtime/new-ulid';
import type { FactDesk } from './fact-desk.ts';
import type { JobStarter } from './job-starter.ts';
import { planRestart, type RestartPlan, waitFor } from './restart-plan.ts';
import type { RunRecord } from './run-table.ts';

export interface SuccessorOptions {
  readonly clock: Clock;
  readonly runsDir: string;
  readonly desk: () => FactDesk;
  readonly starter: JobStarter;
  /** Nothing more is owed to this run. */
  readonly close: (record: RunRecord, next: 'none' | 'restart' | 'quarantine') => void;
}

export interface Wish {
  readonly by: Actor;
  readonly reason: string;
}

/** What follows the end of a run: another one in time, a quarantine, or nothing. At most one other, whoever asks. */
export interface Successors {
  /** The last decision about a run whose tree is ended. */
  settle(record: RunRecord): void;
  /** Goes on with what an earlier daemon announced. False when it announced nothing. */
  takeUp(record: RunRecord): boolean;
  /** No other run follows this one. False when none would have, or when it begins already. */
  cancel(record: RunRecord, wish: Wish): boolean;
  /** The one that is due begins now. False when none is due. */
  hasten(record: RunRecord): boolean;
}

type Cause = Extract<RestartPlan, { kind: 'restart' }>['cause'];

export const createSuccessors = ({ clock, runsDir, desk, starter, close }: SuccessorOptions): Successors => {
  /** Takes back the timer of a restart that is due. */
  const due = new Map<RunId, () => void>();

  const beginAfter = (record: RunRecord, cause: Cause, delayMs: number): void => {
    const { runId } = record.spec;
    due.set(
      runId,
      clock.after(delayMs, () => void begin(record, cause)),
    );
  };

  const begin = async (record: RunRecord, cause: Cause): Promise<void> => {
    due.delete(record.spec.runId);
    await starter.next(record, cause);
    close(record, 'restart');
  };

  const takeBack = (runId: RunId): boolean => {
    due.get(runId)?.();
    return due.delete(runId);
  };

  const quarantine = (record: RunRecord, plan: Extract<RestartPlan, { kind: 'quarantine' }>): void => {
    const { spec, view, policy } = record;
    const { runId, jobId } = spec;
    const { restarts, windowMs, reason } = plan;
    const incidentId = parseIncidentId(newUlid());
    desk().say({
      kind: 'incident-opened',
      incidentId,
      runId,
      name: view.name,
      rule: 'restart-limit',
      policyHash: policy.hash,
      severity: 'critical',
      summary: `it is not started again: ${reason}`,
      evidence: [],
      numbers: { 'run.restarts': spec.restartsAtMs.length },
    });
    desk().say({ kind: 'job-quarantined', runId, jobId, restarts, windowMs, reason }, { sync: true });
    desk().say({ kind: 'incident-closed', incidentId, runId, outcome: 'quarantined', summary: reason });
  };

  return {
    settle: (record) => {
      if (record.view.settled || record.view.restartDueAtMs !== null) return;
      const { view, restartAsked, restartBudget, spec } = record;
      const { runId, jobId, restartsAtMs } = spec;
      const moment = { nowMs: clock.now(), chance: Math.random() };
      const plan = planRestart({ view, restartAsked, restartBudget, restartsAtMs, ...moment });
      if (plan.kind === 'restart') {
        const { kind: _, ...planned } = plan;
        const dueAtMs = clock.now() + plan.delayMs;
        desk().say({ kind: 'restart-scheduled', runId, jobId, dueAtMs, ...planned }, { sync: true });
        beginAfter(record, plan.cause, plan.delayMs);
        // Meanwhile others may have its place; it waits for its turn again.
        if (plan.delayMs > 0) starter.startQueued();
        return;
      }
      if (plan.kind === 'quarantine') quarantine(record, plan);
      close(record, plan.kind);
    },
    takeUp: (record) => {
      const { view } = record;
      const cause = record.restartAsked ?? 'crash';
      if (view.nextRunId !== null) {
        // The next run was announced; it may not have come to be before the daemon died.
        if (existsSync(path.join(runsDir, view.nextRunId))) close(record, 'restart');
        else void begin(record, cause);
        return true;
      }
      if (view.restartDueAtMs === null) return false;
      beginAfter(
        record,
        cause,
        waitFor(view.restartDueAtMs, clock.now(), record.restartBudget?.maxDelayMs ?? undefined),
      );
      return true;
    },
    cancel: (record, { by, reason }) => {
      const { runId, jobId } = record.spec;
      const isDue = takeBack(runId);
      if (!isDue && !mayBeFollowed(record)) return false;
      desk().say({ kind: 'restart-cancelled', runId, jobId, by, reason }, { sync: true });
      if (isDue) close(record, 'none');
      return true;
    },
    hasten: (record) => {
      if (!takeBack(record.spec.runId)) return false;
      void begin(record, 'user');
      return true;
    },
  };
};

/** Its end has begun, nobody has decided yet what follows, and another run might. */
const mayBeFollowed = ({ view, restartAsked }: RunRecord): boolean => {
  const isEnding = view.state === 'stopping' || (view.endedAtMs !== null && !view.settled && view.nextRunId === null);
  if (!isEnding) return false;
  const isWished = view.restart.mode !== 'no' && view.stopCause !== 'user' && view.stopCause !== 'shutdown';
  return restartAsked !== null || isWished;
};
