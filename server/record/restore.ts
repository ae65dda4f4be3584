import { existsSync, renameSync } from 'node:fs';
import { damageOf } from './quarantine.ts';

/** What became of a copy that was put beside the database to take its place. */
export type Restoring =
  | { readonly kind: 'none' }
  | { readonly kind: 'restored'; readonly replaced: string }
  | { readonly kind: 'refused'; readonly movedTo: string; readonly why: string };

/** Where `flowforge backup` says that a copy belongs. */
const wishSuffix = '.restore';

/**
 * A copy must never be laid over the database by hand: a write-ahead log of the old one that is still there would be
 * played into it. So it is put beside it, and taken here, where nothing is open yet. The old database is kept with its
 * companions. A crash between two of these steps leaves the copy where it was, and the next start takes it.
 */
export const takeRestore = (file: string, nowMs: number): Restoring => {
  const wish = file + wishSuffix;
  if (!existsSync(wish)) return { kind: 'none' };
  const why = damageOf(wish);
  if (why !== null) {
    const movedTo = `${wish}.refused-${nowMs}`;
    moveAll(wish, movedTo);
    return { kind: 'refused', movedTo, why };
  }
  const replaced = `${file}.replaced-${nowMs}`;
  moveAll(file, replaced);
  moveAll(wish, file);
  return { kind: 'restored', replaced };
};

const moveAll = (from: string, to: string): void => {
  for (const suffix of ['-wal', '-shm', '']) if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix);
};
