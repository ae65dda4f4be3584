import type { SealedFact } from '#protocol/facts';
import type { FactReport } from '#protocol/messages';
import { isPassing, type Ledger } from '#record/ledger';
import type { Clock } from '#runtime/clock';
import { newUlid } from '#runtime/new-ulid';

const firstDelayMs = 100;
const longestDelayMs = 5000;
const tellAfterMs = 2000;

export interface LedgerWriter {
  /** Tries until the ledger holds the facts. Rejects only for what trying again cannot heal. */
  write(sealed: readonly SealedFact[]): Promise<void>;
  /** Why facts wait; null while they do not. */
  trouble(): string | null;
  /** Tells, once, what was missing when the ledger was opened. */
  reportLoss(): void;
  stop(): void;
}

interface Parts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly report: (fact: FactReport) => Promise<void>;
  readonly note: (error: unknown) => void;
}

/** A full disk or a lock must not cost a fact: they wait here and in the journal, and the trouble is told. */
export const createLedgerWriter = ({ ledger, clock, report, note }: Parts): LedgerWriter => {
  let tail: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  let wake: () => void = () => undefined;

  const tell = (why: string, lostFrom: number | null): void => {
    // Not awaited: the report comes back to us as a fact, and would wait behind the very facts that are waiting here.
    report({
      key: `ledger:${newUlid(clock.now())}`,
      body: { kind: 'ledger-trouble', why, lostFrom },
      mustSync: false,
    }).catch(note);
  };
  const trouble = watchTrouble(clock, (why) => tell(`facts wait for the database: ${why}`, null));
  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  const writeNow = async (sealed: readonly SealedFact[]): Promise<void> => {
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
      try {
        const { breaks } = await ledger.append(sealed);
        for (const { seq, why } of breaks) tell(`${why}; the record goes on at ${seq}`, seq);
        trouble.heal();
        return;
      } catch (error) {
        if (!isPassing(error) || isStopped) throw error;
        trouble.fail(error);
      }
      await pause(delayMs);
    }
  };

  return {
    write: (sealed) => {
      // In turn: a later batch must not overtake one that waits, or the chain would have a hole.
      const written = tail.then(() => writeNow(sealed));
      tail = written.catch(() => undefined); // the caller gets the error
      return written;
    },
    trouble: trouble.why,
    reportLoss: () => {
      const loss = ledger.loss();
      if (loss !== null) tell(loss.why, loss.lostFrom);
    },
    stop: () => {
      isStopped = true;
      wake();
    },
  };
};

/** Tells of a trouble once, when it has lasted, and again only after it healed. */
const watchTrouble = (clock: Clock, tell: (why: string) => void) => {
  let why: string | null = null;
  let sinceMs = 0;
  let isTold = false;
  return {
    why: () => why,
    fail: (error: unknown): void => {
      if (why === null) sinceMs = clock.mono();
      why = error instanceof Error ? error.message : String(error);
      if (isTold || clock.mono() - sinceMs < tellAfterMs) return;
      isTold = true;
      tell(why);
    },
    heal: (): void => {
      why = null;
      isTold = false;
    },
  };
};
