import type { Actor } from '#protocol/actor';
import type { Answer, CoordinatorControl, RunCommand, StartedRun, WorkerFault, WorkerStatus } from '#protocol/control';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { ActionMessage, DetectionMessage } from '#protocol/messages';
import { isOver } from '#protocol/run-state';
import type { Clock } from '#runtime/clock';
import type { Fleet } from './fleet.ts';
import { whyNotAgain } from './launch-run.ts';
import type { PolicyBook } from './policy-book.ts';
import { createPolicyControl } from './policy-control.ts';
import type { SpendingKeeper } from './spending-keeper.ts';

export interface ControlOptions {
  readonly fleet: Fleet;
  readonly policies: Pick<PolicyBook, 'apply' | 'rollback' | 'active'>;
  readonly clock: Clock;
  readonly orderAction: (message: ActionMessage) => void;
  readonly tellDetection: (message: DetectionMessage) => void;
  readonly spending: Pick<SpendingKeeper, 'extension' | 'extend'>;
  readonly workers: () => readonly WorkerStatus[];
  /** null: fault switches are off. */
  readonly injectFault: ((worker: string, kind: WorkerFault) => Promise<void>) | null;
  readonly say: (body: FactBody) => void;
  readonly onEnd: (code: number) => void;
}

type Accepted = Answer<{ accepted: true }>;
type StopCommand = Parameters<CoordinatorControl['stopRun']>[0];

const STOP_JOBS_DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** What the gateway may ask for. Each answer says what was begun; what came of it is told by facts. */
export const createControl = (options: ControlOptions): CoordinatorControl => {
  const { fleet, orderAction } = options;

  const onLiveRun = (command: RunCommand, order: (runId: RunId) => ActionMessage): Accepted => {
    const record = fleet.table.get(command.runId);
    if (record === undefined || isOver(record.view.state)) return overAlready(command.runId);
    orderAction(order(command.runId));
    return { kind: 'done', value: { accepted: true } };
  };

  /** Until each tree is ended: a main process that is gone may have left children behind that take their time. */
  const stopAllJobs = async (by: Actor): Promise<void> => {
    const reason = 'FlowForge is told to stop with its jobs';
    const asked = new Set<RunId>();
    const endMs = options.clock.mono() + STOP_JOBS_DEADLINE_MS;
    while (fleet.table.all().length > 0 && options.clock.mono() < endMs) {
      // Each time anew: a restart may have begun in between.
      for (const { spec, view } of fleet.table.all()) {
        const { runId } = spec;
        if (asked.has(runId) || fleet.dequeue(runId, reason)) continue;
        fleet.cancelRestart(runId, { by, reason });
        if (isOver(view.state)) continue;
        asked.add(runId);
        const order = { cause: 'shutdown', by, reason, restartAfter: false, graceMs: null } as const;
        orderAction({ kind: 'stop-requested', runId, ...order });
      }
      await new Promise<void>((resolve) => options.clock.after(LOOK_EVERY_MS, resolve));
    }
  };

  const stopOne = (command: StopCommand): Accepted => {
    const { runId, by, reason, graceMs } = command;
    if (fleet.dequeue(runId, reason || 'it was stopped before its turn came')) return accepted;
    const isCancelled = fleet.cancelRestart(runId, { by, reason });
    const record = fleet.table.get(runId);
    if (isCancelled && (record === undefined || isOver(record.view.state))) return accepted;
    if (record?.view.nextRunId != null) return followed(runId, record.view.nextRunId);
    return onLiveRun(command, () => ({
      kind: 'stop-requested',
      runId,
      cause: 'user',
      by,
      reason,
      restartAfter: false,
      graceMs,
    }));
  };

  return {
    startRun: async (request, by): Promise<Answer<StartedRun>> => {
      try {
        return { kind: 'done', value: await fleet.start(request, by) };
      } catch (cause) {
        const detail = cause instanceof Error ? cause.message : String(cause);
        return {
          kind: 'refused',
          code: 'invalid',
          detail,
          hint: 'nothing was started; mend what is named and ask again',
        };
      }
    },
    stopRun: async (command) => stopOne(command),
    restartRun: async (command): Promise<Accepted> => {
      const record = fleet.table.get(command.runId);
      if (record !== undefined && !isOver(record.view.state)) {
        if (record.view.state === 'stopping') return stopsAlready(command.runId);
        // Whoever asks for a restart wants a job that runs: a stop without a successor is asked for by its name.
        const why = whyNotAgain(record.spec);
        if (why !== null) return notAgain(command.runId, why);
        return onLiveRun(command, (runId) => ({
          kind: 'stop-requested',
          runId,
          cause: 'user',
          by: command.by,
          reason: command.reason,
          restartAfter: true,
          graceMs: null,
        }));
      }
      return fleet.startAgain(command.runId, command.by);
    },
    pauseRun: async (command) =>
      onLiveRun(command, (runId) => ({ kind: 'pause-requested', runId, by: command.by, reason: command.reason })),
    resumeRun: async (command) =>
      onLiveRun(command, (runId) => ({ kind: 'resume-requested', runId, by: command.by, reason: command.reason })),
    ...createPolicyControl(options),
    stopDaemon: async ({ by, stopJobs }) => {
      if (stopJobs) await stopAllJobs(by);
      const runsLeft = fleet.table.all().length;
      options.say({ kind: 'daemon-stopped', pid: process.pid, by, runsLeft });
      // The answer goes out first.
      options.clock.after(100, () => options.onEnd(0));
      return { kind: 'done', value: { runsLeft } };
    },
    workers: async () => options.workers(),
    injectFault: async ({ worker, kind }): Promise<Accepted> => {
      if (options.injectFault === null) {
        return {
          kind: 'refused',
          code: 'invalid',
          detail: 'fault switches are off',
          hint: 'they are for tests: start the daemon with FLOWFORGE_FAULTS=1',
        };
      }
      await options.injectFault(worker, kind);
      return { kind: 'done', value: { accepted: true } };
    },
  };
};

const accepted: Accepted = { kind: 'done', value: { accepted: true } };

const followed = (runId: RunId, nextRunId: RunId): Accepted => ({
  kind: 'refused',
  code: 'conflict',
  detail: `run ${runId} is over, and its job goes on as run ${nextRunId}`,
  hint: `flowforge stop ${nextRunId}`,
});

const stopsAlready = (runId: RunId): Accepted => ({
  kind: 'refused',
  code: 'conflict',
  detail: `run ${runId} is being stopped already`,
  hint: 'ask again when it is over: it is started anew then',
});

const notAgain = (runId: RunId, why: string): Accepted => ({
  kind: 'refused',
  code: 'conflict',
  detail: `run ${runId} goes on: its command could not be started again (${why})`,
  hint: 'put back what is missing and ask again; `flowforge stop` ends the run without another',
});

const overAlready = (runId: RunId): Accepted => ({
  kind: 'refused',
  code: 'conflict',
  detail: `run ${runId} is over`,
  hint: '`flowforge ps` lists what runs; `flowforge why` tells how a run ended',
});
