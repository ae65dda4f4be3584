import type { Worker } from 'node:worker_threads';
import type * as Comlink from 'comlink';
import type { createPulse } from './heartbeat.ts';
import type { HostControl } from './host.ts';
import type { RestartIntensity } from './restart-policy.ts';
import { within } from './within.ts';

export interface WorkerPlan {
  readonly name: string;
  readonly entry: URL;
  /** A worker whose heartbeat is silent for longer is blocked: it is ended and replaced. */
  readonly stallMs: number;
  readonly maxHeapMb: number;
  /** Buffers lie outside the heap and its limit: a worker that holds more is replaced. */
  readonly maxBufferMb: number;
  readonly intensity: RestartIntensity;
}

export interface WorkerState {
  readonly worker: string;
  readonly generation: number;
  readonly state: 'starting' | 'up' | 'down' | 'given-up';
  readonly startedAtMs: number;
  readonly deaths: number;
  readonly lastDeath: string | null;
}

export const callWithinMs = 3_000;
export const terminateWithinMs = 1_000;

/** The place of one worker; its occupants come and go. */
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

/** Lets a worker finish, then ends it. */
export const retire = async (seat: Seat): Promise<void> => {
  const { worker, control } = seat;
  if (worker === null) return;
  try {
    if (control !== null) await within(callWithinMs, `${seat.plan.name} to stop`, control.stop());
  } catch {
    /* it did not let go in time: the journal holds what it owed, and the thread is ended below */
  }
  try {
    await within(terminateWithinMs, `${seat.plan.name} to end`, worker.terminate());
  } catch {
    /* a system call holds the thread: it ends with the process */
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

/** What others may know of a seat. */
export const stateOf = (seat: Seat): WorkerState => ({
  worker: seat.plan.name,
  generation: seat.generation,
  state: seat.state,
  startedAtMs: seat.startedAtMs,
  deaths: seat.deathsMonoMs.length,
  lastDeath: seat.lastDeath,
});
