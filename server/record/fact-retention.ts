import type { QueryRunner } from 'typeorm';
import { isOver, runStates } from '#protocol/run-state';
import { inTransaction } from './append.ts';

export interface FactRetention {
  /** Facts that are older go, a whole segment at once. */
  readonly keepMs: number;
  readonly nowMs: number;
  /** Facts of one segment; 10,000 where left out. */
  readonly segmentFacts?: number;
}

/** What was let go of. `hash` is that of its last fact: the chain is taken up again from there. */
export interface Shortened {
  readonly upToSeq: number;
  readonly facts: number;
  readonly hash: string;
}

interface Link {
  readonly seq: number;
  readonly hash: string;
  readonly at_ms: number;
}

const usualSegmentFacts = 10_000;
const liveStates = runStates.filter((state) => !isOver(state));

/**
 * Lets go of the oldest segment where all of it is older than it has to be kept, none of its runs is live, and another
 * one stands behind it. The last hash stays as an anchor, so that the rest still proves itself. Null where nothing is due.
 */
export const dropOldestSegment = async (runner: QueryRunner, keep: FactRetention): Promise<Shortened | null> => {
  const segment = keep.segmentFacts ?? usualSegmentFacts;
  const oldest = await one<{ seq: number | null }>(runner, 'SELECT min(seq) AS seq FROM facts');
  if (oldest?.seq === undefined || oldest.seq === null) return null;
  const boundary = (Math.floor((oldest.seq - 1) / segment) + 1) * segment;
  const last = await one<Link>(runner, 'SELECT seq, hash, at_ms FROM facts WHERE seq <= ? ORDER BY seq DESC LIMIT 1', [
    boundary,
  ]);
  const next = await one<Link>(runner, 'SELECT seq, hash, at_ms FROM facts WHERE seq > ? ORDER BY seq LIMIT 1', [
    boundary,
  ]);
  if (last === null || next === null || keep.nowMs - last.at_ms < keep.keepMs) return null;
  if (await holdsLiveRun(runner, boundary)) return null;
  return inTransaction(runner, async () => {
    const before = await one<{ facts: number }>(runner, 'SELECT count(*) AS facts FROM facts WHERE seq <= ?', [
      boundary,
    ]);
    const why = `facts up to ${last.seq} were older than they have to be kept`;
    // Facts refuse to be deleted one by one: only here, and only from the oldest on, is that lifted.
    await runner.query('DROP TRIGGER facts_refuse_delete');
    await runner.query('DELETE FROM anchors WHERE seq <= ?', [boundary]);
    if (next.seq === last.seq + 1)
      await runner.query('INSERT OR IGNORE INTO anchors (seq, prev_hash, at_ms, why) VALUES (?, ?, ?, ?)', [
        ...[next.seq, last.hash, keep.nowMs, why],
      ]);
    await runner.query('DELETE FROM facts WHERE seq <= ?', [boundary]);
    await runner.query('DELETE FROM incidents WHERE run_id IN (SELECT run_id FROM runs WHERE last_seq <= ?)', [
      boundary,
    ]);
    await runner.query('DELETE FROM runs WHERE last_seq <= ?', [boundary]);
    await runner.query(`CREATE TRIGGER facts_refuse_delete BEFORE DELETE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END`);
    return { upToSeq: last.seq, facts: before?.facts ?? 0, hash: last.hash };
  });
};

const holdsLiveRun = async (runner: QueryRunner, boundary: number): Promise<boolean> => {
  const places = liveStates.map(() => '?').join(', ');
  const found = await one(
    runner,
    `SELECT 1 FROM runs WHERE state IN (${places}) AND EXISTS (SELECT 1 FROM facts WHERE facts.run_id = runs.run_id AND seq <= ?)`,
    [...liveStates, boundary],
  );
  return found !== null;
};

const one = async <Row>(runner: QueryRunner, sql: string, values: readonly unknown[] = []): Promise<Row | null> => {
  const [row] = (await runner.query(sql, [...values])) as readonly Row[];
  return row ?? null;
};
