import type { Fact, FactBody, SealedFact } from '#protocol/facts';
import type { FactDelivery, FactReport } from '#protocol/messages';
import type { Clock } from '#runtime/clock';
import type { Outlet } from '#runtime/link';
import type { Failpoint } from './failpoint.ts';
import type { Journal } from './journal.ts';

/** Where facts are said: journalled first, then believed by the coordinator, then told to the gateway. */
export interface FactDesk {
  /** Our own facts. @throws when the journal cannot be written. */
  say(body: FactBody, options?: { readonly sync: boolean }): Fact;
  /** A worker's fact; the same key twice is one fact. */
  take(report: FactReport): void;
  /** Sends what an earlier daemon journalled but the ledger may not have. */
  catchUp(): void;
}

export interface FactDeskOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly toGateway: Outlet<FactDelivery>;
  /** Called for each fact, in order, once it is written. */
  readonly onFact: (fact: Fact, from: 'self' | 'worker') => void;
  readonly failpoint: Failpoint | null;
}

/** Facts of one delivery; the rest waits for the next. */
const BATCH = 500;
/** On their way at once, while the ledger keeps up: what is said meanwhile travels together. */
const DELIVERIES = 8;
/** A ledger that takes longer than this is stuck; who looks must see what happens all the same, so nothing waits for it. */
const STUCK_MS = 250;
const KEYS_KEPT = 4_096;

export const createFactDesk = ({ clock, journal, toGateway, onFact, failpoint }: FactDeskOptions): FactDesk => {
  let outbox: SealedFact[] = [];
  /** When each delivery that is on its way was sent; they are confirmed in turn. */
  let travelling: readonly number[] = [];
  let isDue = false;
  let isTimed = false;
  const seen = new Set<string>();

  const isStuck = (): boolean => clock.mono() - (travelling[0] ?? Number.POSITIVE_INFINITY) >= STUCK_MS;
  const sendLater = (): void => {
    if (isTimed) return;
    isTimed = true;
    clock.after(STUCK_MS, () => {
      isTimed = false;
      void send();
    });
  };

  /** Facts said in one turn travel together; some deliveries may be on their way while the ledger is slow. */
  const send = async (): Promise<void> => {
    if (isDue) return;
    isDue = true;
    await Promise.resolve();
    isDue = false;
    while (outbox.length > 0 && (travelling.length < DELIVERIES || isStuck())) {
      const sealed = outbox.slice(0, BATCH);
      outbox = outbox.slice(BATCH);
      travelling = [...travelling, clock.mono()];
      void toGateway.send({ sealed }).then(() => {
        travelling = travelling.slice(1);
        journal.confirm(sealed.at(-1)?.fact.seq ?? 0);
        return send();
      });
    }
    if (outbox.length > 0) sendLater();
  };
  const write = (body: FactBody, sync: boolean, from: 'self' | 'worker'): Fact => {
    failpoint?.before(body);
    const sealed = journal.append(body, { atMs: clock.now(), sync });
    failpoint?.after(body);
    outbox.push(sealed);
    void send();
    onFact(sealed.fact, from);
    return sealed.fact;
  };

  return {
    say: (body, options) => write(body, options?.sync ?? false, 'self'),
    take: ({ key, body, mustSync }) => {
      if (seen.has(key)) return;
      seen.add(key);
      if (seen.size > KEYS_KEPT) seen.delete(seen.values().next().value ?? key);
      write(body, mustSync, 'worker');
    },
    catchUp: () => {
      outbox = [...journal.unconfirmed(), ...outbox.filter((sealed) => !journal.unconfirmed().includes(sealed))];
      void send();
    },
  };
};
