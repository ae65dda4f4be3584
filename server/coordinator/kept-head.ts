import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

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
