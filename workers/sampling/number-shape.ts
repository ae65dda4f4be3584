import { lineFlag } from '#protocol/observations';
import { byteKind, byteKinds, foldedBytes, hashBytes, hashWord, letterBytes, WordSet, wordSeed } from './byte-kinds.ts';
import { isServerFailure } from './http-status.ts';
import { type LineCursor, mix } from './line-cursor.ts';
import { isMadeUp, masked, restOfId } from './made-up-ids.ts';
import { afterFraction, endOfTime, isDigit } from './time-shape.ts';

const prime = 0x01000193;
const zeroWord = hashWord('0');
const numberWord = hashWord('#');

// The number after these words is another one at every try and says nothing about the work.
const volatileWords = 'pid ppid tid thread threadid session attempt attempts try retry retries elapsed took uptime';
const volatileLabels = new WordSet(volatileWords);
const codeWordList = 'code status';
const codeLabelList = 'returncode exitcode exit_code return_code rc';
// All words that make the number after them special: one look turns most numbers away.
const labels = new WordSet(`${volatileWords} ${codeWordList} ${codeLabelList}`);
const durationUnits = new WordSet(
  'ms s sec secs second seconds m min mins minute minutes h hr hrs hour hours us ns µs μs msec msecs usec',
);
// First bytes of the units: m, s, h, u, n and the two micro signs.
const unitLetters = new Uint8Array(256);
for (const byte of [109, 115, 104, 117, 110, 0xc2, 0xce]) unitLetters[byte] = 1;
const codeLabels = new WordSet(codeLabelList);
const codeWords = new WordSet(codeWordList);
const exitWords = new WordSet('exit exited with return returned');

/** Takes a word that holds a digit: a time, an id, a figure, a name with a number. Masks it as L1 and L2 ask. */
export const shapeNumber = (cursor: LineCursor, bytes: Buffer): void => {
  const { from, end } = cursor;
  cursor.sawText = true;
  let at = cursor.at;
  // The value of up to nine digits, and a hash of more.
  let value = 0;
  let digit = (bytes[at] ?? 0) - 48;
  while (digit >= 0 && digit <= 9) {
    value = (Math.imul(value, 10) + digit) | 0;
    digit = ++at < end ? (bytes[at] ?? 0) - 48 : -1;
  }
  const next = digit + 48;
  if (from !== cursor.at || letterBytes[next] !== 0) {
    mixedWord(cursor, bytes);
    return;
  }
  if (next === 45 || next === 47 || next === 58 || at - from >= 10) {
    const timeEnd = endOfTime(bytes, from, at, end);
    if (timeEnd > 0) {
      mask(cursor, timeEnd);
      return;
    }
    if (next === 45 && at - from === 8 && shapeUuid(cursor, bytes)) return;
  }
  figure(cursor, bytes, at, value);
};

/** Masks a UUID whose first group begins at `from`, if there is one. */
export const shapeUuid = (cursor: LineCursor, bytes: Buffer): boolean => {
  const { from } = cursor;
  if (from + 36 > bytes.length) return false;
  for (let group = 0; group < 36; group++) {
    const byte = bytes[from + group] ?? 0;
    const isDash = group === 8 || group === 13 || group === 18 || group === 23;
    if (isDash ? byte !== 45 : !isHex(byte)) return false;
  }
  cursor.sawText = true;
  mask(cursor, from + 36);
  return true;
};

const mask = (cursor: LineCursor, to: number): void => {
  cursor.at = to;
  cursor.l2 = mix(cursor.l2, masked);
};

const isHex = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70);

/** A figure: L2 drops it; L1 keeps it unless it is a duration or the number of a try, a process or a session. */
const figure = (cursor: LineCursor, bytes: Buffer, digitsEnd: number, value: number): void => {
  const { from, word } = cursor;
  let to = digitsEnd;
  let parts = 1;
  let hash = value;
  while (bytes[to] === 46 && isDigit(bytes, to + 1)) {
    parts++;
    const fractionEnd = afterFraction(bytes, to, cursor.end);
    hash = mix(hash, hashBytes(bytes, to, fractionEnd));
    to = fractionEnd;
  }
  const next = bytes[to] ?? 0;
  const isLabelled = labels.has(word);
  // The third try of five has come no further than the second.
  const isOfTries = isLabelled && volatileLabels.has(word);
  if (!isOfTries && (next === 32 || next === 37 || next === 47)) noteProgress(cursor, bytes, to, value);
  const isVolatile =
    isOfTries ||
    (next === 93 && isBracketedPid(bytes, from, to)) ||
    (parts <= 2 && unitLetters[(next === 32 ? bytes[to + 1] : next) ?? 0] === 1 && isDuration(bytes, to, cursor.end));
  if (isLabelled && value !== 0 && endsBadly(cursor)) cursor.flags |= lineFlag.failing;
  if (parts === 1 && to - from === 3 && isServerFailure(cursor, bytes, to)) cursor.flags |= lineFlag.failing;
  cursor.l2 = mix(cursor.l2, masked);
  if (!isVolatile) cursor.figures = mix(cursor.figures, hash ^ masked);
  cursor.at = to;
  cursor.wordBefore = word;
  // A lone 0 counts what did not happen (`0 errors`); the zeros of a time zone do not.
  cursor.word = value === 0 && to - from === 1 ? zeroWord : numberWord;
};

// `exited with code 1`, `exit status 2`, `rc=1`.
const endsBadly = (cursor: LineCursor): boolean =>
  codeLabels.has(cursor.word) || (codeWords.has(cursor.word) && exitWords.has(cursor.wordBefore));

// `sshd[24200]:`
const isBracketedPid = (bytes: Buffer, from: number, to: number): boolean =>
  from > 1 &&
  bytes[from - 1] === 91 &&
  bytes[to] === 93 &&
  bytes[to + 1] === 58 &&
  byteKinds[bytes[from - 2] ?? 0] === byteKind.letter;

const isDuration = (bytes: Buffer, to: number, end: number): boolean => {
  let at = bytes[to] === 32 ? to + 1 : to;
  const from = at;
  while (at < end && at < from + 8 && byteKinds[bytes[at] ?? 0] === byteKind.letter) at++;
  return at > from && durationUnits.has(hashBytes(bytes, from, at));
};

// 40 %, 12/100, 3 of 10; not a date, a path or a version.
const noteProgress = (cursor: LineCursor, bytes: Buffer, to: number, value: number): void => {
  const next = bytes[to];
  if (next === 37 || (next === 32 && bytes[to + 1] === 37)) {
    if (value <= 100) cursor.flags |= lineFlag.progress;
    return;
  }
  const slash = next === 47 && bytes[cursor.from - 1] !== 47;
  const of = next === 32 && bytes[to + 1] === 111 && bytes[to + 2] === 102 && bytes[to + 3] === 32;
  if (!slash && !of) return;
  let at = to + (slash ? 1 : 4);
  let bound = 0;
  const from = at;
  while (isDigit(bytes, at) && at < from + 12) bound = bound * 10 + (bytes[at++] ?? 48) - 48;
  const after = bytes[at] ?? 32;
  if (at > from && bound > 1 && value <= bound && after !== 47 && after !== 45) cursor.flags |= lineFlag.progress;
};

/** A word of letters and digits: an id (masked), a duration with its unit (masked), or a name (L2 drops its digits). */
const mixedWord = (cursor: LineCursor, bytes: Buffer): void => {
  let at = cursor.from;
  let l1 = wordSeed;
  let l2 = wordSeed;
  let digits = 0;
  let changes = 0;
  let hexOnly = true;
  let wasDigit = false;
  for (; at < cursor.end; at++) {
    const byte = foldedBytes[bytes[at] ?? 0] ?? 0;
    const kind = byteKinds[byte] ?? 0;
    if (kind > byteKind.digit) break;
    const isNumber = kind === byteKind.digit;
    l1 = Math.imul(l1 ^ byte, prime);
    if (!isNumber) l2 = Math.imul(l2 ^ byte, prime);
    else if (!wasDigit) l2 = Math.imul(l2 ^ 35, prime);
    if (isNumber) digits++;
    else if (byte > 102 || byte === 95) hexOnly = false;
    if (at > cursor.from && isNumber !== wasDigit) changes++;
    wasDigit = isNumber;
  }
  const length = at - cursor.from;
  const isHexId = hexOnly && length >= 7 && length > digits;
  if (isHexId && length === 8 && bytes[at] === 45 && shapeUuid(cursor, bytes)) return;
  cursor.at = at;
  cursor.wordBefore = cursor.word;
  // Four or more swaps between letters and digits in ten characters: nobody names a thing so, a generator does.
  if (isHexId || isAddress(bytes, cursor.from, length) || (length >= 10 && changes >= 4)) {
    cursor.word = numberWord;
    mask(cursor, at);
    if (bytes[at] === 45) restOfId(cursor, bytes);
    return;
  }
  cursor.word = l1;
  const isId = isMadeUp(bytes, cursor.from, at);
  cursor.l2 = mix(cursor.l2, isId ? masked : l2);
  if (changes !== 1 || wasDigit || !isAttachedDuration(bytes, cursor.from, at))
    cursor.figures = mix(cursor.figures, l1);
  if (isId && bytes[at] === 45) restOfId(cursor, bytes);
};

const isAddress = (bytes: Buffer, from: number, length: number): boolean =>
  length > 3 && bytes[from] === 48 && bytes[from + 1] === 120;

const isAttachedDuration = (bytes: Buffer, from: number, to: number): boolean => {
  let at = from;
  while (at < to && isDigit(bytes, at)) at++;
  return at > from && durationUnits.has(hashBytes(bytes, at, to));
};
