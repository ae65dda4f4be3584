import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Clock } from './clock.ts';
import { createHeartbeats, createPulse } from './heartbeat.ts';
import type { Birth, BornWire, HostControl, HostFault, Rewire, WorkerBirth } from './host.ts';
import { judgeDeath } from './restart-policy.ts';
import { createSpareThreads, openThread } from './spare-threads.ts';
import { within } from './within.ts';
import type { SupervisionEvent, WirePlan, WorkerPlan, WorkerState } from './worker-plan.ts';
import { callDeadlineMs, emptySeat, retire, type Seat, stateOf, terminateDeadlineMs } from './worker-seat.ts';

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly workers: readonly WorkerPlan[];
  readonly wires: readonly WirePlan[];
  /** The ends that main holds: `connect` is called with a new port whenever the other end was born again. */
  readonly mainEnds: ReadonlyMap<string, { connect(port: MessagePort): void }>;
  /** Asked at each birth; ports inside are transferred. */
  setupOf(worker: string): Promise<{ readonly setup: unknown; readonly transfer: readonly MessagePort[] }>;
  onEvent(event: SupervisionEvent): void;
}

export interface Supervisor {
  start(): Promise<void>;
  stop(): Promise<void>;
  states(): readonly WorkerState[];
  injectFault(worker: string, kind: HostFault): Promise<void>;
  /** Workers that could not be ended because a system call holds them. Two of them mean: start the process anew. */
  abandoned(): number;
}

const BEAT_EVERY_MS = 50;
const WATCH_EVERY_MS = 100;
const START_DEADLINE_MS = 20_000;
/** A worker that was silent for this share of its patience gets a spare; see spare-threads.ts. */
const SPARE_AT = 0.4;

/** Starts the workers, watches their heartbeats, replaces the dead and rewires the living. One for all threads of the daemon. */
export const createSupervisor = (options: SupervisorOptions): Supervisor => {
  const { clock } = options;
  const beats = createHeartbeats(options.workers.length);
  const seats = new Map(
    options.workers.map((plan, index): [string, Seat] => [
      plan.name,
      emptySeat(plan, index, createPulse(beats, index, clock.mono())),
    ]),
  );
  const spares = createSpareThreads();
  let stopping = false;
  let abandoned = 0;
  let cancelWatch = (): void => undefined;
  let watchedAtMonoMs = clock.mono();

  const birth = async (seat: Seat): Promise<void> => {
    seat.state = 'starting';
    seat.generation += 1;
    seat.bornAtMonoMs = clock.mono();
    const { setup, transfer } = await options.setupOf(seat.plan.name);
    const control = new MessageChannel();
    const wires = wireUp(seat.plan.name);
    const born: WorkerBirth<unknown> = {
      name: seat.plan.name,
      generation: seat.generation,
      beats,
      beatIndex: seat.index,
      beatEveryMs: BEAT_EVERY_MS,
      control: control.port1,
      wires,
      setup,
    };
    const worker = spares.take(seat.plan.name) ?? openThread(seat.plan);
    worker.postMessage({ kind: 'birth', birth: born } satisfies Birth<unknown>, [
      control.port1,
      ...wires.map((wire) => wire.port),
      ...transfer,
    ]);
    seat.worker = worker;
    seat.control = Comlink.wrap<HostControl>(nodeEndpoint(control.port2));
    seat.pulse.reset(clock.mono());
    attend(seat, worker);
  };

  const attend = (seat: Seat, worker: Worker): void => {
    let why: string | null = null;
    worker.on('error', (error) => {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    worker.once('exit', (code) => {
      if (seat.worker === worker) bury(seat, why ?? `its thread ended with code ${code}`);
    });
    worker.on('message', (message: { kind?: string }) => {
      if (message.kind !== 'ready' || seat.worker !== worker) return;
      seat.state = 'up';
      seat.startedAtMs = clock.now();
      seat.pulse.reset(clock.mono());
      if (seat.generation > 1 && !stopping) spares.prepareAhead(seat.plan, clock.mono());
      options.onEvent({
        kind: 'started',
        worker: seat.plan.name,
        generation: seat.generation,
        tookMs: Math.round(clock.mono() - seat.bornAtMonoMs),
      });
    });
  };

  /** New channels for every wire of a worker; the other end is told, so nobody writes to the dead. */
  const wireUp = (name: string): BornWire[] =>
    options.wires
      .filter((plan) => plan.from === name || plan.to === name)
      .map((plan) => {
        const { port1, port2 } = new MessageChannel();
        const peer = plan.from === name ? plan.to : plan.from;
        if (peer === 'main') options.mainEnds.get(plan.wire)?.connect(port2);
        else {
          const peerWorker = seats.get(peer)?.worker;
          if (peerWorker)
            peerWorker.postMessage({ kind: 'rewire', wire: plan.wire, port: port2 } satisfies Rewire, [port2]);
          else port2.close();
        }
        return { wire: plan.wire, port: port1, delivery: plan.delivery };
      });

  const bury = (seat: Seat, why: string): void => {
    seat.worker = null;
    seat.control?.[Comlink.releaseProxy]();
    seat.control = null;
    if (stopping) return;
    seat.state = 'down';
    seat.lastDeath = why;
    seat.deathsMonoMs = [...seat.deathsMonoMs, clock.mono()].slice(-50);
    options.onEvent({ kind: 'died', worker: seat.plan.name, generation: seat.generation, why });
    const verdict = judgeDeath(seat.plan.intensity, seat.deathsMonoMs);
    if (verdict.kind === 'give-up') {
      seat.state = 'given-up';
      options.onEvent({
        kind: 'given-up',
        worker: seat.plan.name,
        deaths: verdict.deaths,
        windowMs: seat.plan.intensity.windowMs,
      });
      return;
    }
    if (verdict.delayMs === 0) void birth(seat);
    else clock.after(verdict.delayMs, () => void (stopping || birth(seat)));
  };

  const watch = (): void => {
    const nowMs = clock.mono();
    // When this very timer was late, the whole machine was short of CPU (or asleep): silence then proves nothing.
    const lateMs = Math.max(0, nowMs - watchedAtMonoMs - WATCH_EVERY_MS);
    watchedAtMonoMs = nowMs;
    for (const seat of seats.values()) {
      if (seat.worker === null) continue;
      if (lateMs > WATCH_EVERY_MS) seat.pulse.reset(nowMs);
      const patienceMs = seat.state === 'up' ? seat.plan.stallMs : START_DEADLINE_MS;
      const silentMs = seat.pulse.silentForMs(nowMs);
      if (silentMs > patienceMs)
        void replace(seat, seat.worker, `blocked: no heartbeat for ${Math.round(silentMs)} ms`);
      else if (seat.pulse.bufferMb() > seat.plan.maxBufferMb)
        void replace(seat, seat.worker, `it held ${seat.pulse.bufferMb()} MB outside its heap`);
      else if (seat.state === 'up' && silentMs > patienceMs * SPARE_AT) spares.prepare(seat.plan, nowMs);
      else if (seat.pulse.isHeard(nowMs)) spares.dismiss(seat.plan.name, nowMs);
    }
    cancelWatch = clock.after(WATCH_EVERY_MS, watch);
  };

  const replace = async (seat: Seat, worker: Worker, why: string): Promise<void> => {
    // From here the old thread is nobody: its exit, whenever it comes, is not this seat's death.
    seat.worker = null;
    const ended = worker.terminate();
    bury(seat, why);
    try {
      await within(terminateDeadlineMs, `${seat.plan.name} to end`, ended);
    } catch {
      /* terminate() waits for a system call that holds the thread: it is counted, and ends whenever the call does */
      abandoned += 1;
      options.onEvent({ kind: 'abandoned', worker: seat.plan.name, inAll: abandoned });
    }
  };

  return {
    start: async () => {
      for (const seat of seats.values()) await birth(seat);
      watchedAtMonoMs = clock.mono();
      watch();
    },
    stop: async () => {
      stopping = true;
      cancelWatch();
      await spares.stop();
      // Readers stand before their writers: the last goes first, and what it still says is heard.
      for (const seat of [...seats.values()].reverse()) await retire(seat);
    },
    states: () => [...seats.values()].map(stateOf),
    injectFault: async (name, kind) => {
      const control = seats.get(name)?.control;
      if (!control) throw new Error(`worker "${name}" is not up`);
      await within(callDeadlineMs, `${name} to take the fault`, control.injectFault(kind));
    },
    abandoned: () => abandoned,
  };
};
