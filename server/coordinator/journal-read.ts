import { readdirSync, readFileSync, renameSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { type Fact, genesisHash, type SealedFact } from '#protocol/facts';
import type { ChainHead } from './kept-head.ts';
import { seal } from './seal.ts';

export interface ReadJournal {
  readonly head: ChainHead;
  /** Oldest first, each once. */
  readonly facts: readonly SealedFact[];
  /** Segments that could not be read to their end, and were set aside. */
  readonly damage: readonly string[];
}

export const segmentNames = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();

/** All that the segments of a directory still hold. A damaged one gives what stands before its damage. */
export const readSegments = (dir: string): ReadJournal => {
  let head: ChainHead = { seq: 0, hash: genesisHash };
  const facts = new Map<number, SealedFact>();
  const damage: string[] = [];
  for (const name of segmentNames(dir)) {
    for (const line of readWholeLines(path.join(dir, name))) {
      const entry = parseLine(line);
      if (entry.kind === 'damaged') {
        const kept = `${name}.damaged`;
        renameSync(path.join(dir, name), path.join(dir, kept));
        damage.push(`the journal segment ${name} is damaged (${entry.why}) and kept as ${kept}`);
        break;
      }
      if (entry.kind === 'base') head = entry.head.seq > head.seq ? entry.head : head;
      else {
        facts.set(entry.sealed.fact.seq, entry.sealed);
        if (entry.sealed.fact.seq > head.seq) head = { seq: entry.sealed.fact.seq, hash: entry.sealed.hash };
      }
    }
  }
  return { head, facts: [...facts.values()].sort((a, b) => a.fact.seq - b.fact.seq), damage };
};

/** A crash may have cut the last line: it was never confirmed to anybody, so it is cut off for good. */
const readWholeLines = (file: string): string[] => {
  const text = readFileSync(file, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, end)));
  return text.slice(0, end).split('\n').slice(0, -1);
};

type JournalLine =
  | { readonly kind: 'base'; readonly head: ChainHead }
  | { readonly kind: 'fact'; readonly sealed: SealedFact }
  | { readonly kind: 'damaged'; readonly why: string };

const parseLine = (line: string): JournalLine => {
  try {
    const raw = JSON.parse(line) as { base?: ChainHead; prev?: string; hash?: string; fact?: Fact };
    if (raw.base !== undefined) return { kind: 'base', head: raw.base };
    if (raw.fact === undefined || raw.prev === undefined) return { kind: 'damaged', why: 'neither a base nor a fact' };
    const sealed = seal(raw.fact, raw.prev);
    return sealed.hash === raw.hash
      ? { kind: 'fact', sealed }
      : { kind: 'damaged', why: `fact ${raw.fact.seq} does not match its hash` };
  } catch {
    return { kind: 'damaged', why: `no JSON: ${JSON.stringify(line.slice(0, 60))}` }; // the caller sets it aside
  }
};
