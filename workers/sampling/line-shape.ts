import { lineFlag } from '#protocol/observations';
import { byteKind, byteKinds, foldedBytes, hashWord, hashWords, wordSeed } from './byte-kinds.ts';
import { hasFailureStem, isFailureWord } from './failure-words.ts';
import { type LineCursor, mix } from './line-cursor.ts';
import { shapeNumber, shapeUuid } from './number-shape.ts';
import { skipEscape } from './terminal-escape.ts';

const prime = 0x01000193;
const frameWords = hashWords('at file caused');

/**
 * Shapes the line that starts at `start`: one pass, no string. Ends before the newline, or at `end`.
 * @returns whether a newline was found; `cursor.at` is its place.
 */
export const shapeLine = (
  cursor: LineCursor,
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
): boolean => {
  begin(cursor, range.start);
  const found = walk(cursor, bytes, range.end);
  finish(cursor);
  return found;
};

const begin = (cursor: LineCursor, start: number): void => {
  cursor.at = start;
  cursor.l1 = 1;
  cursor.l2 = 2;
  cursor.flags = 0;
  cursor.word = 0;
  cursor.wordBefore = 0;
  cursor.rowsUp = 0;
  cursor.sawReturn = false;
  cursor.sawText = false;
};

const walk = (cursor: LineCursor, bytes: Buffer, end: number): boolean => {
  let at = cursor.at;
  let mark = 0;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    const kind = byteKinds[byte] ?? 0;
    if (kind === byteKind.letter) {
      const from = at;
      let hash = wordSeed;
      let seen = 0;
      let letter = byte;
      do {
        hash = Math.imul(hash ^ (foldedBytes[letter] ?? 0), prime);
        seen |= letter;
        letter = ++at < end ? (bytes[at] ?? 0) : 32;
      } while (byteKinds[letter] === byteKind.letter);
      cursor.at = at;
      if (byteKinds[letter] === byteKind.digit) shapeNumber(cursor, bytes, { from, end });
      else endWord(cursor, bytes, from, hash, seen);
      at = cursor.at;
      mark = 0;
    } else if (kind === byteKind.space) {
      at++;
    } else if (kind === byteKind.punctuation) {
      // A run of one mark (a ruler, a bar that grows) counts once, and so does a lone |/-\ spinner.
      const shown = isSpinner(bytes, at, byte) ? 42 : byte;
      if (shown !== mark) {
        cursor.l1 = mix(cursor.l1, shown);
        cursor.l2 = mix(cursor.l2, shown);
        mark = shown;
      }
      at++;
    } else if (kind === byteKind.digit) {
      cursor.at = at;
      shapeNumber(cursor, bytes, { from: at, end });
      at = cursor.at;
      mark = 0;
    } else if (kind === byteKind.newline) {
      cursor.at = at;
      return true;
    } else {
      at = special(cursor, bytes, { at, end, kind });
    }
  }
  cursor.at = at;
  return false;
};

const endWord = (cursor: LineCursor, bytes: Buffer, from: number, hash: number, seen: number): void => {
  const to = cursor.at;
  if (to - from === 8 && bytes[to] === 45 && shapeUuid(cursor, bytes, from)) return;
  cursor.l1 = mix(cursor.l1, hash);
  cursor.l2 = mix(cursor.l2, hash);
  cursor.sawText = true;
  if ((cursor.flags & lineFlag.failing) === 0) {
    if (isFailureWord(bytes, from, to, hash, cursor.word) || (seen >= 0x80 && hasFailureStem(bytes, from, to)))
      cursor.flags |= lineFlag.failing;
    else if (cursor.word === 0 && frameWords.has(hash) && isStackFrame(bytes, from, to))
      cursor.flags |= lineFlag.failing;
    else if (hash === outWord && timedWords.has(cursor.word)) cursor.flags |= lineFlag.failing;
  }
  cursor.wordBefore = cursor.word;
  cursor.word = hash;
};

const outWord = hashWord('out');
const timedWords = hashWords('timed time ran');

// Indented `at f (file:1:2)`, `File "x", line 3` and `Caused by:` are how stack traces look in most runtimes.
const isStackFrame = (bytes: Buffer, from: number, to: number): boolean => {
  const indented = from > 0 && byteKinds[bytes[from - 1] ?? 0] === byteKind.space;
  const next = bytes[to + 1] ?? 0;
  return (
    (indented && to - from === 2 && bytes[to] === 32) ||
    (indented && to - from === 4 && next === 34) ||
    (to - from === 6 && next === 98)
  );
};

const isSpinner = (bytes: Buffer, at: number, byte: number): boolean => {
  if (byte !== 124 && byte !== 47 && byte !== 45 && byte !== 92) return false;
  const before = at === 0 ? 32 : (bytes[at - 1] ?? 32);
  const after = bytes[at + 1] ?? 32;
  return (before <= 32 || before === 91) && (after <= 32 || after === 93);
};

const special = (
  cursor: LineCursor,
  bytes: Buffer,
  place: { readonly at: number; readonly end: number; readonly kind: number },
): number => {
  const { at, end, kind } = place;
  if (kind === byteKind.escape) return skipEscape(cursor, bytes, at, end);
  if (kind === byteKind.carriageReturn) {
    if (at + 1 < end && bytes[at + 1] !== 10) cursor.sawReturn = true;
    return at + 1;
  }
  if (kind !== byteKind.symbol) return at + 1;
  const row = bytes[at + 1] ?? 0;
  // Boxes, blocks, dots (94-97) and braille (A0-A3) are drawing: bars and spinners. Ticks and crosses say something.
  const isDrawing = (row >= 0x94 && row <= 0x97) || (row >= 0xa0 && row <= 0xa3) || row === 0x80;
  if (!isDrawing) {
    const code = (row << 8) | (bytes[at + 2] ?? 0);
    cursor.l1 = mix(cursor.l1, code);
    cursor.l2 = mix(cursor.l2, code);
  }
  let next = at + 1;
  while (next < end && next < at + 3 && ((bytes[next] ?? 0) & 0xc0) === 0x80) next++;
  return next;
};

const finish = (cursor: LineCursor): void => {
  if (!cursor.sawText) {
    cursor.l1 = 0;
    cursor.l2 = 0;
    cursor.flags |= lineFlag.blank;
    return;
  }
  cursor.l1 = avalanche(cursor.l1);
  cursor.l2 = avalanche(cursor.l2);
};

// 0 is kept for a blank line.
const avalanche = (hash: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0 || 1;
};
