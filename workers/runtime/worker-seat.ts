import type { Worker } from 'node:worker_threads';
import type * as Comlink from 'comlink';
import type { createPulse } from './heartbeat.ts';
import type { HostControl } from './host.ts';
import { within } from './within.ts';
import type { WorkerPlan, WorkerState } from './worker-plan.ts';

/** A place at the table: the plan stays, workers come and go. */
export interface Seat {
  readonly plan: WorkerPlan;
  readonly index: number;
  readonly pulse: ReturnType<typeof createPulse>;
  worker: Worker | null;
  control: Comlink.Remote<HostControl> | null;
  generation: number;
  state: WorkerState['state'];
  startedAtMs: number;
  bornAtMonoMs: number;
  deathsMonoMs: number[];
  lastDeath: string | null;
}

export const callDeadlineMs = 3_000;
export const terminateDeadlineMs = 1_000;

/** Lets the worker put down what it holds, then ends its thread. */
export const retire = async (seat: Seat): Promise<void> => {
  const { worker, control } = seat;
  if (worker === null) return;
  try {
    if (control !== null) await within(callDeadlineMs, `${seat.plan.name} to stop`, control.stop());
  } catch {
    /* it did not let go in time: the journal holds what it owed, and the thread is ended below */
  }
  try {
    await within(terminateDeadlineMs, `${seat.plan.name} to end`, worker.terminate());
  } catch {
    /* a system call holds its thread: it ends with the process */
  }
};

export const emptySeat = (plan: WorkerPlan, index: number, pulse: Seat['pulse']): Seat => ({
  plan,
  index,
  pulse,
  worker: null,
  control: null,
  generation: 0,
  state: 'down',
  startedAtMs: 0,
  bornAtMonoMs: 0,
  deathsMonoMs: [],
  lastDeath: null,
});

export const stateOf = (seat: Seat): WorkerState => ({
  worker: seat.plan.name,
  generation: seat.generation,
  state: seat.state,
  startedAtMs: seat.startedAtMs,
  deaths: seat.deathsMonoMs.length,
  lastDeath: seat.lastDeath,
});
