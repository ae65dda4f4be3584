import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** Up to which fact the ledger says that it lies in the database itself; 0 where it never said so. */
export const readCheckpoint = (home: string): number => {
  try {
    return Number(/^(\d{1,15})\n$/.exec(readFileSync(path.join(home, 'flowforge.checkpoint'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // a new home, or a new database
  }
};

/** The head that the ledger keeps beside itself, at most a second old; null where there is none. */
export const readKeptHead = (home: string): ChainHead | null => {
  try {
    const [, seq, hash] =
      /^(\d+) ([0-9a-f]{64})\n$/.exec(readFileSync(path.join(home, 'flowforge.head'), 'utf8')) ?? [];
    return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
  } catch {
    return null; // a new home
  }
};
