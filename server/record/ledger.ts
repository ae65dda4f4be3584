import { join } from 'node:path';
import { type DataSource, QueryFailedError } from 'typeorm';
import type { SealedFact } from '#protocol/facts';
import { type Appended, createAppender } from './append.ts';
import { emptyHead, type Head } from './chain.ts';
import { createCheckpoints } from './checkpoint.ts';
import { openReader, openWriter } from './data-source.ts';
import { FactEntity } from './entities.ts';
import { dropOldestSegment, type FactRetention, type Shortened } from './fact-retention.ts';
import { openHeadFile } from './head-file.ts';
import { type Health, setAsideIfDamaged } from './quarantine.ts';
import { createRecordReader, type RecordReader } from './read-record.ts';
import { type Restoring, takeRestore } from './restore.ts';
import { type Verdict, verifyChain } from './verify-chain.ts';

/** Something was lost before the ledger was opened: told once, as a fact. */
export interface Loss {
  readonly why: string;
  /** Null where all is there as it was. */
  readonly lostFrom: number | null;
}

/** The append-only record of one home: facts in a chain, and the folds that lists are read from. */
export interface Ledger extends RecordReader {
  /** Idempotent by seq. One call is one transaction; when it rejects, nothing of it was written. */
  append(sealed: readonly SealedFact[]): Promise<Appended>;
  lastSeq(): number;
  /** What opening it found missing; null where all is there. */
  loss(): Loss | null;
  verify(): Promise<Verdict>;
  /** Lets go of the oldest segment of facts, where that is due; null where it is not. */
  dropOldest(keep: FactRetention): Promise<Shortened | null>;
  /** A copy that can be opened by itself. The file must not exist yet. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

export const openLedger = async (home: string, nowMs = Date.now()): Promise<Ledger> => {
  const file = join(home, 'flowforge.db');
  const headFile = openHeadFile(join(home, 'flowforge.head'));
  const restoring = takeRestore(file, nowMs);
  const health = setAsideIfDamaged(file, nowMs);
  const writer = await openWriter(file);
  const reader = await openReader(file);
  const start = await readHead(reader);
  const loss = lossOf(start, { kept: headFile.read(), health, restoring });
  const appender = createAppender(writer, start);
  const checkpoints = createCheckpoints(join(home, 'flowforge.checkpoint'));
  // What was said of the one before does not hold for another: the journal keeps what it has until this one has it.
  if (health.kind === 'set-aside' || restoring.kind === 'restored' || start.seq === 0) checkpoints.forget();
  return {
    ...createRecordReader(reader),
    append: async (sealed) => {
      const appended = await appender.append(sealed);
      if (appended.count === 0) return appended;
      headFile.keep(appender.head());
      await appender.between((runner) =>
        checkpoints.after(runner, { count: appended.count, seq: appender.head().seq }),
      );
      return appended;
    },
    lastSeq: () => appender.head().seq,
    loss: () => loss,
    verify: () => {
      headFile.flush();
      return verifyChain(reader, headFile.read());
    },
    dropOldest: (keep) => appender.between((runner) => dropOldestSegment(runner, keep)),
    backup: async (target) => {
      await writer.query('VACUUM INTO ?', [target]);
    },
    close: async () => {
      headFile.close();
      await reader.destroy();
      await writer.destroy();
    },
  };
};

/** True where the disk or a lock is the reason, and trying again later may succeed. */
export const isPassing = (error: unknown): boolean => {
  const code = error instanceof QueryFailedError && 'code' in error.driverError ? String(error.driverError.code) : '';
  return /^SQLITE_(BUSY|LOCKED|FULL|READONLY|IOERR|CANTOPEN|NOMEM)/.test(code);
};

const readHead = async (source: DataSource): Promise<Head> => {
  const [newest] = await source.getRepository(FactEntity).find({ order: { seq: 'DESC' }, take: 1 });
  return newest === undefined ? emptyHead : { seq: newest.seq, hash: newest.hash };
};

interface Found {
  readonly kept: Head;
  readonly health: Health;
  readonly restoring: Restoring;
}

const lossOf = (start: Head, { kept, health, restoring }: Found): Loss | null => {
  const lostFrom = start.seq + 1;
  if (health.kind === 'set-aside')
    return { lostFrom, why: `the database was damaged (${health.why}) and set aside as ${health.movedTo}` };
  if (restoring.kind === 'restored')
    return {
      lostFrom,
      why: `a copy that ends at fact ${start.seq} was put in the place of the database, which is kept as ${restoring.replaced}; what the journal still holds of later facts is taken up`,
    };
  if (kept.seq > start.seq)
    return {
      lostFrom,
      why: `facts ${lostFrom} to ${kept.seq} were written, but the database ends at ${start.seq}; what the journal still holds of them is taken up`,
    };
  if (restoring.kind === 'refused')
    return {
      lostFrom: null,
      why: `the copy to be restored is damaged (${restoring.why}): it was moved to ${restoring.movedTo}, and the record goes on as it was`,
    };
  return null;
};
