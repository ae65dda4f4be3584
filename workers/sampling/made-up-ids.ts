import { byteKind, byteKinds, hashBytes, hashWord } from './byte-kinds.ts';
import { type LineCursor, mix } from './line-cursor.ts';

/** What stands in a hash for something that was masked. */
export const masked = 0x2311;

// Shorter ones are names and units more often than ids.
const shortestId = 5;
// `12kB`, `30rpm` and `4rows` carry units, with as many digits as it takes; more letters than that are no unit.
const longestUnit = 4;

/**
 * Whether a word of letters and digits looks as if nobody had thought of it: L2 leaves it out. L1 keeps it, since
 * `x86_64` and `base64url` look so too. An underscore parts words: `test_12_late` swaps nothing.
 */
export const isMadeUp = (bytes: Buffer, from: number, to: number): boolean => {
  if (to - from < shortestId) return false;
  let swaps = 0;
  let letters = 0;
  let isHex = true;
  let before: number = byteKind.punctuation;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    const kind = byte === 95 ? byteKind.punctuation : (byteKinds[byte] ?? 0);
    if (kind !== before && kind <= byteKind.digit && before <= byteKind.digit) swaps++;
    if (kind === byteKind.letter) letters++;
    if (kind !== byteKind.digit && ((byte | 32) > 102 || byte === 95)) isHex = false;
    before = kind;
  }
  if (swaps >= 2 || isHex) return true;
  if (swaps === 1 && byteKinds[bytes[from] ?? 0] === byteKind.digit && letters > longestUnit) return true;
  return swaps === 1 && oddJoints(bytes, from, to) >= 1;
};

/** Whether the capitals of a word stand where no name has them: `kQzmWxBt`. */
export const isCasedId = (bytes: Buffer, from: number, to: number): boolean =>
  to - from >= shortestId && oddJoints(bytes, from, to) >= 2;

/**
 * Places where capitals and small letters meet as in no camelCase: a single small letter before a capital, or a run of
 * capitals inside that goes on in small letters. A name may have one of them (`iPhone`, `getUserById`, `parseXMLFile`).
 */
const oddJoints = (bytes: Buffer, from: number, to: number): number => {
  let odd = 0;
  let run = 0;
  let wasCapital = false;
  let isFirstRun = true;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    const isCapital = byte >= 65 && byte <= 90;
    if (!isCapital && (byte < 97 || byte > 122)) {
      run = 0;
      isFirstRun = true;
    } else if (run > 0 && isCapital !== wasCapital) {
      if (isCapital ? run === 1 : run > 1 && !isFirstRun) odd++;
      run = 1;
      isFirstRun = false;
    } else run++;
    wasCapital = isCapital;
  }
  return odd;
};

/** Masks the word at [from, to) in L2 and keeps it in L1. */
export const maskInL2 = (cursor: LineCursor, hash: number): void => {
  cursor.l2 = mix(cursor.l2, masked);
  cursor.figures = mix(cursor.figures, hash);
};

/** Takes what a dash ties to an id that ends here for a part of it: `api-7d9f8b6c5-x2x4z`, and ids that hold dashes. */
export const restOfId = (cursor: LineCursor, bytes: Buffer): void => {
  const { end } = cursor;
  while (cursor.at < end && bytes[cursor.at] === 45) {
    const from = cursor.at + 1;
    let to = from;
    let letters = 0;
    for (; to < end && isOfId(bytes[to] ?? 0); to++) if ((bytes[to] ?? 0) > 57) letters++;
    // A longer word says something: `3f2b8a10-refused`.
    const isWord = letters === to - from && letters > shortestId && !isCasedId(bytes, from, to);
    if (to === from || isWord) return;
    cursor.figures = mix(cursor.figures, hashBytes(bytes, from, to));
    cursor.at = to;
  }
};

const isOfId = (byte: number): boolean => byte < 0x80 && (byteKinds[byte] ?? 9) <= byteKind.digit;

export const tmpWord = hashWord('tmp');
export const tempWord = hashWord('temp');

/** After the name of a directory for temporary things: what is in it has a new name each time. */
export const temporaryName = (cursor: LineCursor, bytes: Buffer): void => {
  const { from, at, end } = cursor;
  const mark = bytes[at];
  if ((mark !== 47 && mark !== 92) || bytes[from - 1] !== mark) return;
  let to = at + 1;
  while (to < end && isOfName(bytes[to] ?? 0)) to++;
  if (to === at + 1 || to > end) return;
  maskInL2(cursor, hashBytes(bytes, at + 1, to));
  cursor.at = to;
};

const isOfName = (byte: number): boolean =>
  (byteKinds[byte] ?? 9) <= byteKind.digit || byte === 45 || byte === 46 || byte === 126;
