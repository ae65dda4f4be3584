import { createHash } from 'node:crypto';
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ulid } from 'ulid';
import { type Fact, type FactBody, genesisHash, runOf, type SealedFact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';

/**
 * Facts on disk before anybody believes them. A directory of segments, `<seq of the first new fact>.jsonl`:
 *   line 1           {"base":{"seq":…,"hash":…}}  the head of the chain when the segment was begun
 *   following lines  {"prev":…,"hash":…,"fact":…}  first the carried facts of runs that were not settled, then new ones
 * A segment goes once the ledger has confirmed all of it and a newer segment carries what is still needed.
 */
export interface Journal {
  /** Numbers, seals and writes; in order. With `sync` it is on the disk when this returns. @throws when the disk refuses. */
  append(body: FactBody, options: { readonly atMs: number; readonly sync: boolean }): SealedFact;
  /** The ledger has everything up to here. */
  confirm(seq: number): void;
  /** Facts that the ledger may not have, oldest first. */
  unconfirmed(): readonly SealedFact[];
  /** All facts of runs that are not settled, oldest first. */
  history(): readonly Fact[];
  /** Runs whose last fact was written, as far as the segments reach back. */
  settled(): ReadonlySet<RunId>;
  head(): { readonly seq: number; readonly hash: string };
  close(): void;
}

const SEGMENT_FACTS = 2_000;

export const openJournal = (dir: string): Journal => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = readSegments(dir);
  let { seq, hash } = found.head;
  let waiting = found.facts;
  const live = new Map<RunId, SealedFact[]>();
  for (const sealed of found.facts) remember(live, sealed);
  let confirmedSeq = 0;
  let segment = beginSegment(dir, { seq, hash }, carried(live));

  const rotate = (): void => {
    closeSync(segment.fd);
    segment = beginSegment(dir, { seq, hash }, carried(live));
    dropSegments(dir, segment.name);
  };

  return {
    append: (body, { atMs, sync }) => {
      const fact: Fact = { seq: seq + 1, id: ulid(atMs), atMs, ...body };
      const sealed = seal(fact, hash);
      writeSync(segment.fd, `${JSON.stringify({ prev: sealed.prevHash, hash: sealed.hash, fact })}\n`);
      if (sync) fdatasyncSync(segment.fd);
      seq = fact.seq;
      hash = sealed.hash;
      segment.written += 1;
      waiting.push(sealed);
      remember(live, sealed);
      return sealed;
    },
    confirm: (upTo) => {
      confirmedSeq = Math.max(confirmedSeq, upTo);
      waiting = waiting.filter((sealed) => sealed.fact.seq > confirmedSeq);
      if (waiting.length === 0 && (segment.written >= SEGMENT_FACTS || segmentNames(dir).length > 1)) rotate();
    },
    unconfirmed: () => waiting,
    history: () => carried(live).map((sealed) => sealed.fact),
    settled: () => new Set(found.facts.flatMap(({ fact }) => (fact.kind === 'run-settled' ? [fact.runId] : []))),
    head: () => ({ seq, hash }),
    close: () => closeSync(segment.fd),
  };
};

/** The seal of a fact: its exact text and its place in the chain. */
export const seal = (fact: Fact, prevHash: string): SealedFact => {
  const text = JSON.stringify(fact);
  return { fact, text, prevHash, hash: createHash('sha256').update(`${prevHash}\n${text}`).digest('hex') };
};

/** Kinds that may be many in a long run and that nobody's state is rebuilt from. */
const forgettable: ReadonlySet<Fact['kind']> = new Set([
  'rule-pending',
  'rule-cleared',
  'audit-recorded',
  'output-gap',
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

interface Segment {
  readonly name: string;
  readonly fd: number;
  written: number;
}

const beginSegment = (dir: string, head: { seq: number; hash: string }, carry: readonly SealedFact[]): Segment => {
  const name = `${String(head.seq + 1).padStart(12, '0')}-${ulid()}.jsonl`;
  const fd = openSync(path.join(dir, name), 'ax', 0o600);
  const lines = [
    JSON.stringify({ base: head }),
    ...carry.map((s) => JSON.stringify({ prev: s.prevHash, hash: s.hash, fact: s.fact })),
  ];
  writeSync(fd, `${lines.join('\n')}\n`);
  fdatasyncSync(fd);
  return { name, fd, written: 0 };
};

const segmentNames = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();

const dropSegments = (dir: string, newest: string): void => {
  for (const name of segmentNames(dir)) if (name !== newest) unlinkSync(path.join(dir, name));
};

const readSegments = (dir: string): { head: { seq: number; hash: string }; facts: SealedFact[] } => {
  let head = { seq: 0, hash: genesisHash };
  const facts = new Map<number, SealedFact>();
  for (const name of segmentNames(dir)) {
    for (const line of readWholeLines(path.join(dir, name))) {
      const entry = parseLine(line, name);
      if (entry.kind === 'base') head = entry.head.seq > head.seq ? entry.head : head;
      else {
        facts.set(entry.sealed.fact.seq, entry.sealed);
        if (entry.sealed.fact.seq > head.seq) head = { seq: entry.sealed.fact.seq, hash: entry.sealed.hash };
      }
    }
  }
  return { head, facts: [...facts.values()].sort((a, b) => a.fact.seq - b.fact.seq) };
};

/** A crash may have cut the last line: it was never confirmed to anybody, so it is cut off for good. */
const readWholeLines = (file: string): string[] => {
  const text = readFileSync(file, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, end)));
  return text.slice(0, end).split('\n').slice(0, -1);
};

type JournalLine =
  | { readonly kind: 'base'; readonly head: { readonly seq: number; readonly hash: string } }
  | { readonly kind: 'fact'; readonly sealed: SealedFact };

const parseLine = (line: string, name: string): JournalLine => {
  try {
    const raw = JSON.parse(line) as { base?: { seq: number; hash: string }; prev?: string; hash?: string; fact?: Fact };
    if (raw.base !== undefined) return { kind: 'base', head: raw.base };
    if (raw.fact === undefined || raw.prev === undefined) throw new TypeError('neither a base nor a fact');
    const sealed = seal(raw.fact, raw.prev);
    if (sealed.hash !== raw.hash) throw new TypeError(`fact ${raw.fact.seq} does not match its hash`);
    return { kind: 'fact', sealed };
  } catch (cause) {
    throw new Error(`journal segment ${name}: expected a sealed fact, got ${JSON.stringify(line.slice(0, 80))}`, {
      cause,
    });
  }
};
