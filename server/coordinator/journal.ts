import { mkdirSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { type Fact, type FactBody, runOf, type SealedFact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { newUlid } from '#runtime/new-ulid';
import { readSegments, segmentNames } from './journal-read.ts';
import { createSegment, type Segment } from './journal-segment.ts';
import type { ChainHead } from './kept-head.ts';
import { seal } from './seal.ts';

/**
 * Facts on disk before anybody believes them. A directory of segments, `<seq of the first new fact>.jsonl`:
 *   line 1           {"base":{"seq":…,"hash":…}}  the head of the chain when the segment was begun
 *   following lines  {"prev":…,"hash":…,"fact":…}  first the carried facts of runs that were not settled, then new ones
 * A segment goes once a newer one carries what is still needed, the ledger has confirmed all of it, and has moved it from
 * its write-ahead log into the database itself: a log that is lost is written again from here. While the disk is full,
 * facts wait in memory: they are believed and acted upon, and written down when there is room again.
 */
export interface Journal {
  /** Numbers, seals and writes; in order. With `sync` it is on the disk when this returns, if there is room for it. */
  append(body: FactBody, options: { readonly atMs: number; readonly sync: boolean }): SealedFact;
  /** The ledger has everything up to here. */
  confirm(seq: number): void;
  /** Facts that the ledger may not have, oldest first. */
  unconfirmed(): readonly SealedFact[];
  /** All facts of runs that are not settled, oldest first. */
  history(): readonly SealedFact[];
  /** Runs whose last fact was written, as far as the segments reach back. */
  settled(): ReadonlySet<RunId>;
  head(): ChainHead;
  /** What opening it found wrong: told once. */
  damage(): readonly string[];
  /** Why facts wait for room on the disk; null while none do. */
  takeTrouble(): string | null;
  /** Offers what waits for room to the disk again. */
  flush(): void;
  close(): void;
}

const SEGMENT_FACTS = 2_000;
const seqDigits = 12;
/** More than can have been said since the ledger last kept its head. */
const SEQS_SKIPPED = 10_000;

export interface JournalOptions {
  /** Of the ledger: a journal that was lost or damaged must not hand out numbers for a second time. */
  readonly keptHead: ChainHead | null;
  /** Up to which fact the ledger is in the database itself. */
  readonly checkpointed: () => number;
}

const alone: JournalOptions = { keptHead: null, checkpointed: () => Number.POSITIVE_INFINITY };

export const openJournal = (dir: string, { keptHead, checkpointed }: JournalOptions = alone): Journal => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = readSegments(dir);
  const isBehind = keptHead !== null && keptHead.seq > found.head.seq;
  let { seq, hash } = isBehind ? { seq: keptHead.seq + SEQS_SKIPPED, hash: keptHead.hash } : found.head;
  const damage = isBehind
    ? [
        ...found.damage,
        `the journal ends at fact ${found.head.seq}, the ledger at ${keptHead.seq} or later: it goes on at ${seq + 1}`,
      ]
    : found.damage;
  let waiting: SealedFact[] = [...found.facts];
  const live = new Map<RunId, SealedFact[]>();
  for (const sealed of found.facts) remember(live, sealed);
  const settled = new Set(found.facts.flatMap(({ fact }) => (fact.kind === 'run-settled' ? [fact.runId] : [])));
  let confirmedSeq = 0;
  let segment = beginSegment(dir, { seq, hash }, carried(live));
  let older = segmentNames(dir).filter((name) => name !== segment.name);

  const rotate = (): void => {
    const next = tryBeginSegment(dir, { seq, hash }, carried(live));
    if (next === null) return;
    segment.close();
    older = [...older, segment.name];
    segment = next;
  };
  const dropSafe = (): void => {
    const safeSeq = Math.min(confirmedSeq, checkpointed());
    const isSafe = (at: number): boolean => firstSeqOf(older[at + 1] ?? segment.name) - 1 <= safeSeq;
    for (const name of older.filter((_, at) => isSafe(at))) unlinkSync(path.join(dir, name));
    older = older.filter((_, at) => !isSafe(at));
  };

  return {
    append: (body, { atMs, sync }) => {
      const fact: Fact = { seq: seq + 1, id: newUlid(atMs), atMs, ...body };
      const sealed = seal(fact, hash);
      segment.write(lineOf(sealed), { sync });
      seq = fact.seq;
      hash = sealed.hash;
      waiting.push(sealed);
      remember(live, sealed);
      return sealed;
    },
    confirm: (upTo) => {
      confirmedSeq = Math.max(confirmedSeq, upTo);
      waiting = waiting.filter((sealed) => sealed.fact.seq > confirmedSeq);
      if (waiting.length === 0 && segment.lines >= SEGMENT_FACTS && segment.flush()) rotate();
      if (older.length > 0) dropSafe();
    },
    unconfirmed: () => waiting,
    history: () => carried(live),
    settled: () => settled,
    head: () => ({ seq, hash }),
    damage: () => damage,
    takeTrouble: () => segment.takeTrouble(),
    flush: () => void segment.flush(),
    close: () => segment.close(),
  };
};

/** Kinds that may be many in a long run and that nobody's state is rebuilt from. */
const forgettable: ReadonlySet<Fact['kind']> = new Set([
  'rule-pending',
  'rule-cleared',
  'audit-recorded',
  'output-gap',
  'log-uncapped',
  'log-archived',
  'log-dropped',
]);

const remember = (live: Map<RunId, SealedFact[]>, sealed: SealedFact): void => {
  const runId = runOf(sealed.fact);
  if (runId === null || forgettable.has(sealed.fact.kind)) return;
  if (sealed.fact.kind === 'run-settled') live.delete(runId);
  else if (sealed.fact.kind === 'run-requested' || sealed.fact.kind === 'run-queued') live.set(runId, [sealed]);
  else live.get(runId)?.push(sealed);
};

const carried = (live: ReadonlyMap<RunId, readonly SealedFact[]>): SealedFact[] =>
  [...live.values()].flat().sort((a, b) => a.fact.seq - b.fact.seq);

const firstSeqOf = (name: string): number => Number(name.slice(0, seqDigits));

const lineOf = ({ prevHash, hash, fact }: SealedFact): string => JSON.stringify({ prev: prevHash, hash, fact });

const beginSegment = (dir: string, head: ChainHead, carry: readonly SealedFact[]): Segment => {
  const name = `${String(head.seq + 1).padStart(seqDigits, '0')}-${newUlid()}.jsonl`;
  return createSegment(dir, name, [JSON.stringify({ base: head }), ...carry.map(lineOf)]);
};

const tryBeginSegment = (dir: string, head: ChainHead, carry: readonly SealedFact[]): Segment | null => {
  try {
    return beginSegment(dir, head, carry);
  } catch {
    return null; // no room for another: the old one goes on
  }
};
