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

  const stopAllJobs = async (by: Actor): Promise<void> => {
    for (const { spec } of fleet.table.live()) fleet.dequeue(spec.runId, 'FlowForge is told to stop with its jobs');
    for (const { spec } of fleet.table.live()) {
      orderAction({
        kind: 'stop-requested',
        runId: spec.runId,
        cause: 'shutdown',
        by,
        reason: 'FlowForge is told to stop with its jobs',
        restartAfter: false,
        graceMs: null,
      });
    }
    const endMs = options.clock.mono() + STOP_JOBS_DEADLINE_MS;
    while (fleet.table.live().length > 0 && options.clock.mono() < endMs) {
      await new Promise<void>((resolve) => options.clock.after(LOOK_EVERY_MS, resolve));
    }
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
    stopRun: async (command) =>
      fleet.dequeue(command.runId, command.reason || 'it was stopped before its turn came')
        ? { kind: 'done', value: { accepted: true } }
        : onLiveRun(command, (runId) => ({
            kind: 'stop-requested',
            runId,
            cause: 'user',
            by: command.by,
            reason: command.reason,
            restartAfter: false,
            graceMs: command.graceMs,
          })),
    restartRun: async (command): Promise<Accepted> => {
      const record = fleet.table.get(command.runId);
      if (record !== undefined && !isOver(record.view.state)) {
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
      const again = await fleet.startAgain(command.runId, command.by);
      return again.kind === 'refused' ? again : { kind: 'done', value: { accepted: true } };
    },
    pauseRun: async (command) =>
      onLiveRun(command, (runId) => ({ kind: 'pause-requested', runId, by: command.by, reason: command.reason })),
    resumeRun: async (command) =>
      onLiveRun(command, (runId) => ({ kind: 'resume-requested', runId, by: command.by, reason: command.reason })),
    ...createPolicyControl(options),
    stopDaemon: async ({ by, stopJobs }) => {
      if (stopJobs) await stopAllJobs(by);
      const runsLeft = fleet.table.live().length;
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
