import { lineFlag } from '#protocol/observations';
import {
  byteKind,
  byteKinds,
  hashFour,
  hashWord,
  letterBytes,
  notLetters,
  smallBits,
  WordSet,
  wordSeed,
} from './byte-kinds.ts';
import { drawSymbol, isSpinner } from './drawn-marks.ts';
import { endsFailurePhrase, phraseEndList } from './failure-phrases.ts';
import { failureWordList, hasFailureStem, isFailureWord, mayEndInFailure, shortestStemBytes } from './failure-words.ts';
import { noteRequest, requestWordList } from './http-status.ts';
import { type LineCursor, mix, turnTo } from './line-cursor.ts';
import { isCasedId, maskInL2, restOfId, temporaryName, tempWord, tmpWord } from './made-up-ids.ts';
import { shapeNumber, shapeUuid } from './number-shape.ts';
import { skipEscape } from './terminal-escape.ts';

const frameWordList = 'at file caused';
const frameWords = new WordSet(frameWordList);
// One look turns most words away.
const tellingWords = new WordSet(`${failureWordList} ${frameWordList} ${phraseEndList} ${requestWordList} out`);

/**
 * Shapes the line that starts at `start`: one pass, no string. Ends before the newline, or at `end`.
 * @returns whether a newline was found; `cursor.at` is its place.
 */
export const shapeLine = (
  cursor: LineCursor,
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
): boolean => {
  turnTo(cursor, bytes);
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
  cursor.request = 'none';
};

const walk = (cursor: LineCursor, bytes: Buffer): boolean => {
  const { end, view } = cursor;
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
      // Of the letters after the first.
      let capitals = 0;
      let inner = smallBits >>> 8;
      for (; at <= lastFour && byte < 0x80; at += 4) {
        four = view.getInt32(at);
        others = notLetters(four | smallBits);
        if (others !== 0) break;
        capitals |= ~four & inner;
        inner = smallBits;
        four |= smallBits;
        hash = hashFour(hash, four);
      }
      const letters = Math.clz32(others) >> 3;
      byte = bytes[at + letters] ?? 0;
      let isForeign = false;
      if (others !== 0 && letterBytes[byte] === 0) {
        at += letters;
        if (letters > 0) {
          const own = -1 << (32 - 8 * letters);
          capitals |= ~four & inner & own;
          hash = hashFour(hash, (four | smallBits) & own);
        }
      } else {
        hash = hashLetters(cursor, bytes, at, hash);
        isForeign = cursor.isForeign;
        // Not looked at: there may be some.
        capitals = 1;
        at = cursor.at;
        byte = bytes[at] ?? 0;
      }
      cursor.at = at;
      mark = 0;
      if (at < end && byte >= 48 && byte <= 57) shapeNumber(cursor, bytes);
      else if (capitals !== 0 && isCasedId(bytes, cursor.from, at)) endCasedId(cursor, bytes, hash);
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
  if (hash === tmpWord || hash === tempWord) temporaryName(cursor, bytes);
};

const endCasedId = (cursor: LineCursor, bytes: Buffer, hash: number): void => {
  cursor.sawText = true;
  cursor.wordBefore = cursor.word;
  cursor.word = hash;
  maskInL2(cursor, hash);
  if (bytes[cursor.at] === 45) restOfId(cursor, bytes);
};

const judgeWord = (cursor: LineCursor, bytes: Buffer, hash: number, isForeign: boolean): void => {
  const { from, at: to, word } = cursor;
  noteRequest(cursor, bytes, hash);
  const fails =
    isFailureWord(bytes, from, to, hash, word) ||
    (isForeign && hasFailureStem(bytes, from, to)) ||
    (word === 0 && frameWords.has(hash) && isStackFrame(bytes, from, to)) ||
    (hash === outWord && timedWords.has(word)) ||
    endsFailurePhrase(hash, word, cursor.wordBefore);
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
    (indented && to - from === 4 && bytes[to] === 32 && next === 34) ||
    (to - from === 6 && bytes[to] === 32 && next === 98)
  );
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
