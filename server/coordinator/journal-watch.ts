import type { Clock } from '#runtime/clock';
import type { Journal } from './journal.ts';

const lookEveryMs = 500;

/** Tells what is wrong with the journal, each thing once, and offers to the disk again what it refused. */
export const createJournalWatch = (parts: {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly onTrouble: (why: string) => void;
}): { start(): void; stop(): void } => {
  const { clock, journal, onTrouble } = parts;
  let cancel = (): void => undefined;
  let isTold = false;

  const look = (): void => {
    journal.flush();
    const why = journal.takeTrouble();
    if (why !== null && !isTold) onTrouble(`the journal waits for room on the disk: ${why}`);
    isTold = why !== null;
    cancel = clock.after(lookEveryMs, look);
  };
  return {
    start: () => {
      for (const why of journal.damage()) onTrouble(why);
      look();
    },
    stop: () => cancel(),
  };
};
