import { lineFlag } from '#protocol/observations';
import { byteKind, byteKinds, hashFour, hashWord, letterBytes, WordSet, wordSeed } from './byte-kinds.ts';
import { failureWordList, hasFailureStem, isFailureWord, mayEndInFailure, shortestStemBytes } from './failure-words.ts';
import { type LineCursor, mix } from './line-cursor.ts';
import { shapeNumber, shapeUuid } from './number-shape.ts';
import { skipEscape } from './terminal-escape.ts';

const frameWordList = 'at file caused';
const frameWords = new WordSet(frameWordList);
// One look turns most words away.
const tellingWords = new WordSet(`${failureWordList} ${frameWordList} out`);

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
  cursor.end = range.end;
  const found = walk(cursor, bytes);
  finish(cursor);
  return found;
};

const begin = (cursor: LineCursor, start: number): void => {
  cursor.at = start;
  cursor.l1 = 1;
  cursor.l2 = 2;
  cursor.figures = 0;
  cursor.flags = 0;
  cursor.word = 0;
  cursor.wordBefore = 0;
  cursor.rowsUp = 0;
  cursor.sawReturn = false;
  cursor.sawText = false;
};

const walk = (cursor: LineCursor, bytes: Buffer): boolean => {
  const { end } = cursor;
  const lastFour = end - 4;
  let at = cursor.at;
  let mark = 0;
  while (at < end) {
    let byte = bytes[at] ?? 0;
    if (((byte | 32) - 97) >>> 0 < 26 || letterBytes[byte] !== 0) {
      cursor.from = at;
      let hash = wordSeed;
      let four = 0;
      let others = 0;
      for (; at <= lastFour && byte < 0x80; at += 4) {
        four = fourAt(bytes, at);
        others = notLetters(four);
        if (others !== 0) break;
        hash = hashFour(hash, four);
      }
      const letters = Math.clz32(others) >> 3;
      byte = bytes[at + letters] ?? 0;
      let isForeign = false;
      if (others !== 0 && letterBytes[byte] === 0) {
        at += letters;
        if (letters > 0) hash = hashFour(hash, four & (-1 << (32 - 8 * letters)));
      } else {
        hash = hashLetters(cursor, bytes, at, hash);
        isForeign = cursor.isForeign;
        at = cursor.at;
        byte = bytes[at] ?? 0;
      }
      cursor.at = at;
      mark = 0;
      if (at < end && byte >= 48 && byte <= 57) shapeNumber(cursor, bytes);
      else endWord(cursor, bytes, hash, isForeign);
      at = cursor.at;
      // Words mostly end at a space.
      if (byte === 32 && at < end) at++;
      continue;
    }
    const kind = byteKinds[byte] ?? 0;
    if (kind === byteKind.space) {
      at++;
    } else if (kind === byteKind.punctuation) {
      // A run of one mark (a ruler, a bar that grows) counts once, and so does a lone |/-\ spinner.
      if (byte !== mark) {
        const shown = isSpinner(bytes, at, byte) ? 42 : byte;
        if (shown !== mark) cursor.l2 = mix(cursor.l2, shown);
        mark = shown;
      }
      while (++at < end && bytes[at] === byte);
    } else if (kind === byteKind.digit) {
      cursor.at = at;
      cursor.from = at;
      mark = 0;
      shapeNumber(cursor, bytes);
      at = cursor.at;
    } else if (kind === byteKind.newline) {
      cursor.at = at;
      return true;
    } else {
      cursor.at = at;
      special(cursor, bytes, kind);
      at = cursor.at;
    }
  }
  cursor.at = at;
  return false;
};

/** Four bytes as one number, with ASCII capitals made small. */
const fourAt = (bytes: Buffer, at: number): number =>
  ((bytes[at] ?? 0) << 24) |
  ((bytes[at + 1] ?? 0) << 16) |
  ((bytes[at + 2] ?? 0) << 8) |
  (bytes[at + 3] ?? 0) |
  0x20202020;

/** The highest bit of each of the four bytes that is no ASCII letter: adding carries into it what lies past a and past z. */
const notLetters = (four: number): number => {
  const low = four & 0x7f7f7f7f;
  return ~(((low + 0x1f1f1f1f) | 0) & ~((low + 0x05050505) | 0) & ~four) & 0x80808080;
};

/** The rest of a word with letters of other scripts or underscores in it, or of one at the end of what there is. */
const hashLetters = (cursor: LineCursor, bytes: Buffer, from: number, seed: number): number => {
  const { end } = cursor;
  let seen = 0;
  let hash = seed;
  let four = 0;
  let free = 32;
  let at = from;
  for (; at < end; at++) {
    const letter = letterBytes[bytes[at] ?? 0] ?? 0;
    if (letter === 0) break;
    seen |= letter;
    free -= 8;
    four |= letter << free;
    if (free > 0) continue;
    hash = hashFour(hash, four);
    four = 0;
    free = 32;
  }
  cursor.at = at;
  cursor.isForeign = seen >= 0x80;
  return free === 32 ? hash : hashFour(hash, four);
};

const endWord = (cursor: LineCursor, bytes: Buffer, hash: number, isForeign: boolean): void => {
  const { from, at: to } = cursor;
  if (to - from === 8 && bytes[to] === 45 && shapeUuid(cursor, bytes)) return;
  cursor.l2 = mix(cursor.l2, hash);
  cursor.sawText = true;
  const mayTell =
    tellingWords.mayHave(hash) || (isForeign && to - from >= shortestStemBytes) || mayEndInFailure(bytes, from, to);
  if (mayTell && (cursor.flags & lineFlag.failing) === 0) judgeWord(cursor, bytes, hash, isForeign);
  cursor.wordBefore = cursor.word;
  cursor.word = hash;
};

const judgeWord = (cursor: LineCursor, bytes: Buffer, hash: number, isForeign: boolean): void => {
  const { from, at: to, word } = cursor;
  const fails =
    isFailureWord(bytes, from, to, hash, word) ||
    (isForeign && hasFailureStem(bytes, from, to)) ||
    (word === 0 && frameWords.has(hash) && isStackFrame(bytes, from, to)) ||
    (hash === outWord && timedWords.has(word));
  if (fails) cursor.flags |= lineFlag.failing;
};

const outWord = hashWord('out');
const timedWords = new WordSet('timed time ran');

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

const special = (cursor: LineCursor, bytes: Buffer, kind: number): void => {
  const { at, end } = cursor;
  if (kind === byteKind.symbol) {
    drawSymbol(cursor, bytes);
  } else if (kind === byteKind.escape) {
    cursor.at = skipEscape(cursor, bytes);
  } else {
    if (kind === byteKind.carriageReturn && at + 1 < end && bytes[at + 1] !== 10) cursor.sawReturn = true;
    cursor.at = at + 1;
  }
};

const drawSymbol = (cursor: LineCursor, bytes: Buffer): void => {
  const { at, end } = cursor;
  const row = bytes[at + 1] ?? 0;
  // Boxes, blocks, dots (94-97) and braille (A0-A3) are drawing: bars and spinners. Ticks and crosses say something.
  const isDrawing = (row >= 0x94 && row <= 0x97) || (row >= 0xa0 && row <= 0xa3) || row === 0x80;
  // A braille cell is a frame of a spinner: the line is one more picture of the same wait.
  if (row >= 0xa0 && row <= 0xa3) cursor.flags |= lineFlag.redraw;
  if (!isDrawing) {
    cursor.l2 = mix(cursor.l2, (row << 8) | (bytes[at + 2] ?? 0));
  }
  let next = at + 1;
  while (next < end && next < at + 3 && ((bytes[next] ?? 0) & 0xc0) === 0x80) next++;
  cursor.at = next;
};

const finish = (cursor: LineCursor): void => {
  if (!cursor.sawText) {
    cursor.l1 = 0;
    cursor.l2 = 0;
    cursor.flags |= lineFlag.blank;
    return;
  }
  // Both shapes share all but the figures, so each word is mixed in once.
  cursor.l1 = avalanche(cursor.figures === 0 ? cursor.l2 : mix(cursor.l2, cursor.figures));
  cursor.l2 = avalanche(cursor.l2);
};

// 0 is kept for a blank line. Signed, since a field that ever held more than 31 bits is slow for good.
const avalanche = (hash: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16) || 1;
};
