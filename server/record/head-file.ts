import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { emptyHead, type Head } from './chain.ts';

const beatMs = 1000;

/** The newest seq and hash, kept beside the database: a tail that SQLite lost without a word is missed here. */
export interface HeadFile {
  read(): Head;
  /** On the disk within a second, whether another fact follows or not. */
  keep(head: Head): void;
  flush(): void;
  close(): void;
}

export const openHeadFile = (file: string): HeadFile => {
  let waiting: Head | null = null;
  let nextBeat: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (waiting === null) return;
    try {
      writeFileSync(`${file}.new`, `${waiting.seq} ${waiting.hash}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch {
      return; // no room: the old head stays, which is only less strict, and the next beat tries again
    }
    waiting = null;
  };
  const beat = (): void => {
    nextBeat = null;
    if (waiting === null) return;
    flush();
    // A record that falls silent after a burst would otherwise keep the head of the burst's first fact.
    nextBeat = setTimeout(beat, beatMs).unref();
  };
  return {
    read: () => readHead(file),
    keep: (head) => {
      waiting = head;
      if (nextBeat === null) beat();
    },
    flush,
    close: () => {
      if (nextBeat !== null) clearTimeout(nextBeat);
      flush();
    },
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
