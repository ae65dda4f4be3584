import type { Request, Response } from 'express';
import type { Fact } from '#protocol/facts';
import type { Frame, Site } from './site.ts';

const dropTicksOverBytes = 262_144;
const cutOffOverBytes = 1_048_576;
const replayPage = 500;
const keepAliveMs = 15_000;

interface Stream {
  readonly request: Request;
  readonly response: Response;
  readonly release: () => void;
}

/**
 * Server-sent events to one reader. What is asked for by Last-Event-ID comes from the ledger first, then what the
 * ledger does not hold yet, then what happens. A slow reader loses ticks and is told how many; it never loses a fact,
 * it is cut off and comes back with the id of the last one it saw.
 */
export const streamFacts = (site: Site, { request, response, release }: Stream): void => {
  let lastSent = firstSeq(request, site.feed.lastSeq());
  // What happens while the past is being sent waits here, then follows it.
  let early: Fact[] | null = [];
  let skipped = 0;

  const write = (text: string): void => {
    if (response.destroyed) return;
    if (response.writableLength > cutOffOverBytes) response.destroy();
    else response.write(text);
  };
  const sendFacts = (facts: readonly Fact[]): void => {
    for (const fact of facts) {
      if (fact.seq <= lastSent) continue;
      lastSent = fact.seq;
      write(`event: fact\nid: ${fact.seq}\ndata: ${JSON.stringify(fact)}\n\n`);
    }
  };
  const sendFrame = (frame: Frame): void => {
    if (response.writableLength > dropTicksOverBytes) {
      skipped += 1;
      return;
    }
    if (skipped > 0) write(`event: gap\ndata: {"ticks":${skipped}}\n\n`);
    skipped = 0;
    write(`event: tick\ndata: ${JSON.stringify({ atMs: frame.atMs, rows: frame.ticks })}\n\n`);
  };

  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write('retry: 1000\n\n');
  const undo = [
    release,
    site.feed.subscribe((facts) => {
      if (early === null) sendFacts(facts);
      else early.push(...facts);
    }),
    site.frames.subscribe(sendFrame),
    every(site, keepAliveMs, () => write(': still here\n\n')),
  ];
  response.on('close', () => {
    for (const end of undo) end();
  });

  replay(site, { from: lastSent, send: sendFacts, drained: () => drained(response) })
    .then(() => {
      sendFacts([...site.feed.unconfirmed(), ...(early ?? [])]);
      early = null;
    })
    .catch((error: unknown) => {
      site.note(error);
      response.destroy();
    });
};

interface Replay {
  readonly from: number;
  readonly send: (facts: readonly Fact[]) => void;
  readonly drained: () => Promise<boolean>;
}

const replay = async (site: Pick<Site, 'ledger'>, { from, send, drained: isOpen }: Replay): Promise<void> => {
  let seq = from;
  while (await isOpen()) {
    const facts = await site.ledger.factsAfter(seq, replayPage);
    send(facts);
    seq = facts.at(-1)?.seq ?? seq;
    if (facts.length < replayPage) return;
  }
};

/** Waits until what was written has left; false where the reader is gone. */
const drained = (response: Response): Promise<boolean> =>
  new Promise((resolve) => {
    if (response.destroyed || response.writableLength < dropTicksOverBytes) {
      resolve(!response.destroyed);
      return;
    }
    const settle = (): void => {
      response.off('drain', settle).off('close', settle);
      resolve(!response.destroyed);
    };
    response.on('drain', settle).on('close', settle);
  });

const firstSeq = (request: Request, newest: number): number => {
  const seen = request.headers['last-event-id'];
  return typeof seen === 'string' && /^\d{1,15}$/.test(seen) ? Math.min(Number(seen), newest) : newest;
};

const every = ({ clock }: Pick<Site, 'clock'>, periodMs: number, act: () => void): (() => void) => {
  let cancel = clock.after(periodMs, function again() {
    act();
    cancel = clock.after(periodMs, again);
  });
  return () => cancel();
};
