import { byteKind, byteKinds, WordSet } from './byte-kinds.ts';
import type { LineCursor } from './line-cursor.ts';

export const requestWordList = 'get head post put patch delete options http';
const requestWords = new WordSet(requestWordList);
const statusWords = new WordSet('status statuscode status_code');

/** Notes that the line tells of a request: the words in capitals, since `get` and `put` are words like any other. */
export const noteRequest = (cursor: LineCursor, bytes: Buffer, hash: number): void => {
  const last = bytes[cursor.at - 1] ?? 0;
  if (last >= 65 && last <= 90 && cursor.request === 'none' && requestWords.has(hash)) cursor.request = 'asked';
};

/**
 * Whether a figure is the answer of a server that failed: `GET /doors/7 503 12 ms`, `status=502`. The first figure of
 * three digits that stands alone is the status; the next is a size.
 */
export const isServerFailure = (cursor: LineCursor, bytes: Buffer, to: number): boolean => {
  const { from, word } = cursor;
  const first = (bytes[from] ?? 0) - 48;
  if (to - from !== 3 || first < 1 || first > 5) return false;
  if (cursor.request === 'asked' && bytes[from - 1] === 32 && standsAlone(bytes, to)) {
    cursor.request = 'answered';
    return first === 5;
  }
  return first === 5 && statusWords.has(word);
};

// `512 bytes` and `512.5` are figures of another kind; the phrase of a status begins with a capital.
const standsAlone = (bytes: Buffer, to: number): boolean => {
  const next = bytes[to] ?? 32;
  if (next === 46 || byteKinds[next] === byteKind.letter) return false;
  const after = bytes[to + 1] ?? 32;
  return next !== 32 || after < 97 || after > 122;
};
