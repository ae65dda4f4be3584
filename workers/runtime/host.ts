import { execFileSync } from 'node:child_process';
import { type MessagePort, parentPort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { beat } from './heartbeat.ts';
import {
  type Delivery,
  type LinkInlet,
  type LinkOutlet,
  type Outlet,
  openInlet,
  openOutlet,
  type Reading,
} from './link.ts';

/** What a worker is born with. */
export interface WorkerBirth<Setup> {
  readonly name: string;
  readonly generation: number;
  readonly beats: Int32Array;
  readonly beatIndex: number;
  readonly beatEveryMs: number;
  readonly control: MessagePort;
  readonly wires: readonly BornWire[];
  readonly setup: Setup;
}
export interface BornWire {
  readonly wire: string;
  readonly port: MessagePort;
  readonly delivery: Delivery;
}

/** The first message to a thread: until it comes the thread is a spare, with its modules loaded and nothing to do. */
export interface Birth<Setup> {
  readonly kind: 'birth';
  readonly birth: WorkerBirth<Setup>;
}

/** What the coordinator tells a worker outside the comlink control: the other end of a wire was born again. */
export interface Rewire {
  readonly kind: 'rewire';
  readonly wire: string;
  readonly port: MessagePort;
}

/** Faults that a test may ask for; see `injectFault`. */
export type HostFault = 'throw' | 'exit' | 'block' | 'stuck' | 'leak' | 'heap';

export interface HostControl {
  stop(): Promise<void>;
  injectFault(kind: HostFault): Promise<void>;
}

export interface WorkerHost<Setup> {
  readonly generation: number;
  readonly setup: Setup;
  outlet<Body>(wire: string, merge?: (unsent: Body, newest: Body) => Body): Outlet<Body> & { pending(): number };
  inlet<Body>(wire: string, handle: (body: Body, skipped: number) => void | Promise<void>, reading?: Reading): void;
}

/**
 * The door of every worker thread: wires, heartbeat, control. `start` builds the actor and returns how to stop it.
 * What throws past it ends the thread, and the supervisor starts a new one.
 */
export const hostWorker = async <Setup>(
  start: (host: WorkerHost<Setup>) => Promise<() => Promise<void>>,
): Promise<void> => {
  if (parentPort === null) throw new Error('this file is the entry of a worker thread; it was started as a program');
  const outlets = new Map<string, LinkOutlet<unknown>>();
  const inlets = new Map<string, LinkInlet>();
  const ports = new Map<string, BornWire>();
  const bornWire = (wire: string): BornWire => {
    const born = ports.get(wire);
    if (born === undefined)
      throw new Error(`there is no wire "${wire}" here; the wires are ${[...ports.keys()].join(', ')}`);
    return born;
  };

  const rewire = (message: Rewire): void => {
    // The actor may still be starting: then it finds the newest port when it asks for the wire.
    ports.set(message.wire, { ...bornWire(message.wire), port: message.port });
    outlets.get(message.wire)?.connect(message.port);
    inlets.get(message.wire)?.connect(message.port);
  };
  const birth = await new Promise<WorkerBirth<Setup>>((resolve) => {
    parentPort?.on('message', (message: Birth<Setup> | Rewire) => {
      if (message.kind === 'rewire') rewire(message);
      if (message.kind !== 'birth') return;
      for (const born of message.birth.wires) ports.set(born.wire, born);
      resolve(message.birth);
    });
  });
  const stopBeating = beat(birth.beats, birth.beatIndex, birth.beatEveryMs);
  const stop = await start({
    generation: birth.generation,
    setup: birth.setup,
    outlet: <Body>(wire: string, merge?: (unsent: Body, newest: Body) => Body) => {
      const born = bornWire(wire);
      const outlet = openOutlet<Body>(born.delivery, merge);
      outlet.connect(born.port);
      outlets.set(wire, outlet as LinkOutlet<unknown>);
      return outlet;
    },
    inlet: (wire, handle, reading) => {
      const inlet = openInlet(handle, reading);
      inlet.connect(bornWire(wire).port);
      inlets.set(wire, inlet);
    },
  });
  const control: HostControl = {
    stop: async () => {
      await stop();
      stopBeating();
      for (const inlet of inlets.values()) void inlet.disconnect();
    },
    injectFault: async (kind) => {
      setImmediate(() => faults[kind]());
    },
  };
  Comlink.expose(control, nodeEndpoint(birth.control));
  parentPort.postMessage({ kind: 'ready' });
};

const leaked: Buffer[] = [];
const hoarded: number[][] = [];
const faults: Record<HostFault, () => void> = {
  throw: () => {
    throw new Error('fault switch: throw');
  },
  exit: () => {
    process.exit(3);
  },
  block: () => {
    const endMs = performance.now() + 20_000;
    while (performance.now() < endMs);
  },
  stuck: () => {
    // A system call that no terminate() interrupts.
    execFileSync('sleep', ['8']);
  },
  leak: () => {
    for (let i = 0; i < 64; i++) leaked.push(Buffer.alloc(16 * 1024 * 1024, 1));
  },
  heap: () => {
    // Between two pieces the heart beats: Node has to end it at the limit of its heap, not the supervisor for its silence.
    for (let i = 0; i < 4; i++) hoarded.push(new Array<number>(500_000).fill(0.5));
    setImmediate(faults.heap);
  },
};
