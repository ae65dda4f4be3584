import type { SpendBook } from '#policy/spend-book';
import type { SpendingState } from '#protocol/spending';
import type { Clock } from '#runtime/clock';
import type { Outlet } from '#runtime/link';

const tellEveryMs = 1_000;

/** Tells the keeper of the book what it holds, soon after it changed. */
export interface SpendingTeller {
  /** @param isUrgent something is about to be done because of it: whoever asks why must find the same sum. */
  changed(isUrgent: boolean): void;
  /** Tells what is left to tell; resolves when it arrived. */
  stop(): Promise<void>;
}

/** The last change is told too, also when no tick follows it: the runs that spent may all be over. */
export const createSpendingTeller = (parts: {
  readonly book: Pick<SpendBook, 'version' | 'toState'>;
  readonly outlet: Outlet<SpendingState>;
  readonly clock: Clock;
}): SpendingTeller => {
  const { book, outlet, clock } = parts;
  let told = book.version;
  let takeBack: (() => void) | null = null;

  const tell = (): Promise<void> => {
    if (book.version === told) return Promise.resolve();
    told = book.version;
    return outlet.send(book.toState());
  };
  const pauseThenTell = (): void => {
    takeBack = clock.after(tellEveryMs, () => {
      takeBack = null;
      if (book.version === told) return;
      void tell();
      pauseThenTell();
    });
  };

  return {
    changed: (isUrgent) => {
      if (book.version === told || (takeBack !== null && !isUrgent)) return;
      void tell();
      if (takeBack === null) pauseThenTell();
    },
    stop: () => {
      takeBack?.();
      return tell();
    },
  };
};
