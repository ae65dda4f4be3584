import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { emptyHead, type Head } from './chain.ts';

const beatMs = 1000;

/** The newest seq and hash, kept beside the database: a tail that SQLite lost without a word is missed here. */
export interface HeadFile {
  read(): Head;
  /** At most once a second; `flush` writes what is still waiting. */
  keep(head: Head): void;
  flush(): void;
}

export const openHeadFile = (file: string): HeadFile => {
  let waiting: Head | null = null;
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  const flush = (): void => {
    if (waiting === null) return;
    writtenAtMs = performance.now();
    try {
      writeFileSync(`${file}.new`, `${waiting.seq} ${waiting.hash}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch {
      return; // no room: the old head stays, which is only less strict, and the next fact tries again
    }
    waiting = null;
  };
  return {
    read: () => readHead(file),
    keep: (head) => {
      waiting = head;
      if (performance.now() - writtenAtMs < beatMs) return;
      try {
        flush();
      } catch {
        // The disk is full or read-only: an older head only notices less. The next beat tries again.
      }
    },
    flush,
  };
};

const readHead = (file: string): Head => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return emptyHead; // a new home, or one from before this file: nothing can be missed
  }
  const [, seq, hash] = /^(\d+) ([0-9a-f]{64})\n$/.exec(text) ?? [];
  return seq === undefined || hash === undefined ? emptyHead : { seq: Number(seq), hash };
};
