import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { QueryRunner } from 'typeorm';

/** What the ledger has moved from its write-ahead log into the database itself: the journal need not hold it any more. */
export interface Checkpoints {
  /** To be called between two transactions. @param seq of the newest fact that is written. */
  after(runner: QueryRunner, facts: { readonly count: number; readonly seq: number }): Promise<void>;
  /** The database was exchanged: nothing is in the new one. */
  forget(): void;
}

const everyFacts = 1_000;
const everyMs = 30_000;

export const createCheckpoints = (file: string): Checkpoints => {
  let facts = 0;
  let doneAtMs = performance.now();
  return {
    after: async (runner, { count, seq }) => {
      facts += count;
      if (facts < everyFacts && performance.now() - doneAtMs < everyMs) return;
      const [answer] = (await runner.query('PRAGMA wal_checkpoint(PASSIVE)')) as readonly Answer[];
      doneAtMs = performance.now();
      // A reader still looks at an older state: what it holds back is moved the next time.
      if (answer === undefined || answer.busy !== 0 || answer.log !== answer.checkpointed) return;
      facts = 0;
      try {
        writeFileSync(`${file}.new`, `${seq}\n`, { mode: 0o600 });
        renameSync(`${file}.new`, file);
      } catch {
        /* no room: the journal keeps its segments until the next time */
      }
    },
    forget: () => rmSync(file, { force: true }),
  };
};

interface Answer {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}
