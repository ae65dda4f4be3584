import type { FactReport } from '#protocol/messages';
import type { Ledger } from '#record/ledger';
import type { Clock } from '#runtime/clock';
import { createRound, type Round } from './round.ts';

const everyMs = 3_600_000;

/** Lets go of facts that are older than they have to be kept, one segment after the other, and tells of each. */
export const createRecordKeeper = (parts: {
  readonly ledger: Pick<Ledger, 'dropOldest'>;
  readonly keepMs: number;
  readonly clock: Clock;
  readonly report: (fact: FactReport) => Promise<void>;
  readonly note: (error: unknown) => void;
}): Round => {
  const { ledger, keepMs, clock, report } = parts;
  const look = async (): Promise<void> => {
    for (;;) {
      const gone = await ledger.dropOldest({ keepMs, nowMs: clock.now() });
      if (gone === null) return;
      await report({
        key: `record-shortened:${gone.upToSeq}`,
        body: { kind: 'record-shortened', ...gone },
        mustSync: false,
      });
    }
  };
  return createRound(everyMs, look, parts);
};
