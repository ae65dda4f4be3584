import type { MessagePort } from 'node:worker_threads';

type Frame<Body> =
  | { readonly kind: 'data'; readonly seq: number; readonly skipped: number; readonly body: Body }
  | { readonly kind: 'done'; readonly seq: number };

/** Ask of each wire: may a later body replace an earlier one? Then latest-wins; else at most `window` are unconfirmed. */
export type Delivery = { readonly kind: 'must-arrive'; readonly window: number } | { readonly kind: 'latest-wins' };

/** The writing end of a link. */
export interface Outlet<Body> {
  /** Resolves when the reader is done with the body (must-arrive) or at once (latest-wins). */
  send(body: Body): Promise<void>;
}

/** An outlet whose reader may die and be replaced: what was never confirmed goes to the next reader, in order. */
export interface LinkOutlet<Body> extends Outlet<Body> {
  connect(port: MessagePort): void;
  /** Bodies that no reader has confirmed yet. */
  pending(): number;
}

interface Entry<Body> {
  readonly body: Body;
  readonly settle: () => void;
}

/** @param merge for latest-wins: what to say in the place of a body that was never sent and the one that came after. */
export const openOutlet = <Body>(
  delivery: Delivery,
  merge: (unsent: Body, newest: Body) => Body = (_unsent, newest) => newest,
): LinkOutlet<Body> => {
  const room = delivery.kind === 'must-arrive' ? delivery.window : 1;
  const inFlight = new Map<number, Entry<Body>>();
  let waiting: Entry<Body>[] = [];
  let port: MessagePort | null = null;
  let seq = 0;
  let skipped = 0;

  const flush = (): void => {
    while (port !== null && inFlight.size < room) {
      const next = waiting.shift();
      if (next === undefined) return;
      inFlight.set(++seq, next);
      port.postMessage({ kind: 'data', seq, skipped, body: next.body } satisfies Frame<Body>);
      skipped = 0;
    }
  };
  const confirm = (frame: Frame<Body>): void => {
    if (frame.kind !== 'done') return;
    inFlight.get(frame.seq)?.settle();
    inFlight.delete(frame.seq);
    flush();
  };

  return {
    send: (body) =>
      new Promise((settle) => {
        if (delivery.kind === 'latest-wins') {
          const [unsent] = waiting;
          skipped += waiting.length;
          waiting = [{ body: unsent === undefined ? body : merge(unsent.body, body), settle: () => undefined }];
          settle();
        } else {
          waiting.push({ body, settle });
        }
        flush();
      }),
    connect: (next) => {
      port?.close();
      port = next;
      waiting = delivery.kind === 'latest-wins' ? waiting : [...inFlight.values(), ...waiting];
      inFlight.clear();
      next.on('message', confirm);
      flush();
    },
    pending: () => inFlight.size + waiting.length,
  };
};

/** The reading end of a link. */
export interface LinkInlet {
  /** Reads from this port from now on; what an earlier port still had queued is dropped (its writer sends it again, or is dead). */
  connect(port: MessagePort): void;
  /** Stops reading; resolves when the body in hand is done with. */
  disconnect(): Promise<void>;
  /** Bodies dropped because their port had been replaced. */
  stale(): number;
}

/** `one-by-one` waits for the body in hand; `at-once` hands over each as it comes, and what was begun first may end last. */
export type Reading = 'one-by-one' | 'at-once';

/** Bodies in order; each is confirmed only once `handle` is done with it. `skipped` counts what latest-wins dropped. */
export const openInlet = <Body>(
  handle: (body: Body, skipped: number) => void | Promise<void>,
  reading: Reading = 'one-by-one',
): LinkInlet => {
  let tail: Promise<void> = Promise.resolve();
  let current: MessagePort | null = null;
  let stale = 0;

  const read = async (port: MessagePort, frame: Frame<Body>): Promise<void> => {
    if (frame.kind !== 'data') return;
    if (port !== current) {
      stale += 1;
      return;
    }
    await handle(frame.body, frame.skipped);
    port.postMessage({ kind: 'done', seq: frame.seq } satisfies Frame<Body>);
  };
  return {
    connect: (port) => {
      current?.close();
      current = port;
      port.on('message', (frame: Frame<Body>) => {
        // A handler that throws is not caught here: it ends its thread, and the supervisor starts a new one.
        const done = reading === 'at-once' ? read(port, frame) : tail.then(() => read(port, frame));
        tail = reading === 'at-once' ? Promise.all([tail, done]).then(() => undefined) : done;
      });
    },
    disconnect: () => {
      current?.close();
      current = null;
      return tail;
    },
    stale: () => stale,
  };
};
