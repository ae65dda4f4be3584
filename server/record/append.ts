import type { DataSource, QueryRunner } from 'typeorm';
import { incidentOf, runOf, type SealedFact } from '#protocol/facts';
import { breakBefore, type ChainBreak, type Head } from './chain.ts';
import type { FactRow } from './entities.ts';
import { createProjections } from './projections.ts';
import { writeRows } from './write-rows.ts';

/** `breaks` are facts that were taken although what should stand before them is missing. */
export interface Appended {
  readonly count: number;
  readonly breaks: readonly ChainBreak[];
}

export interface Appender {
  head(): Head;
  append(sealed: readonly SealedFact[]): Promise<Appended>;
  /** Does something else on the connection that writes, between two batches. */
  between<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T>;
}

/** The one queue of writes: a batch is one transaction, taken whole or not at all. */
export const createAppender = (source: DataSource, start: Head): Appender => {
  const runner = source.createQueryRunner();
  const projections = createProjections();
  let head = start;
  let tail: Promise<unknown> = Promise.resolve();

  const appendNow = async (sealed: readonly SealedFact[]): Promise<Appended> => {
    const fresh = freshOf(sealed, head);
    const newest = fresh.at(-1);
    if (newest === undefined) return { count: 0, breaks: [] };
    const breaks = findBreaks(fresh, head);
    const folded = await inTransaction(runner, async () => {
      await writeRows(
        runner,
        'anchors',
        breaks.map((gap) => ({ ...gap, atMs: newest.fact.atMs })),
      );
      await writeRows(runner, 'facts', fresh.map(factColumns));
      return projections.fold(
        runner,
        fresh.map(({ fact }) => fact),
      );
    });
    projections.keep(folded);
    head = { seq: newest.fact.seq, hash: newest.hash };
    return { count: fresh.length, breaks };
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work);
    tail = result.catch(() => undefined); // the caller gets the error; the next one must not inherit it
    return result;
  };

  return {
    head: () => head,
    append: (sealed) => inTurn(() => appendNow(sealed)),
    between: (work) => inTurn(() => work(runner)),
  };
};

const freshOf = (sealed: readonly SealedFact[], head: Head): SealedFact[] => {
  let newest = head.seq;
  return sealed.filter(({ fact }) => {
    if (fact.seq <= newest) return false;
    newest = fact.seq;
    return true;
  });
};

const findBreaks = (fresh: readonly SealedFact[], start: Head): ChainBreak[] => {
  const breaks: ChainBreak[] = [];
  let head = start;
  for (const sealed of fresh) {
    const gap = breakBefore(sealed, head);
    if (gap !== null) breaks.push(gap);
    head = { seq: sealed.fact.seq, hash: sealed.hash };
  }
  return breaks;
};

// A deferred transaction that turns from reading to writing fails with BUSY whatever the timeout; an immediate one waits.
/** @throws what `work` throws; then nothing of it was written. */
export const inTransaction = async <T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> => {
  await runner.query('BEGIN IMMEDIATE');
  try {
    const result = await work();
    await runner.query('COMMIT');
    return result;
  } catch (cause) {
    // SQLite rolls back by itself where the disk is full; a second ROLLBACK then has nothing to undo.
    await runner.query('ROLLBACK').catch(() => undefined);
    throw cause;
  }
};

const factColumns = ({ fact, text, prevHash, hash }: SealedFact): FactRow => ({
  seq: fact.seq,
  id: fact.id,
  atMs: fact.atMs,
  kind: fact.kind,
  runId: runOf(fact),
  incidentId: incidentOf(fact),
  text,
  prevHash,
  hash,
});
