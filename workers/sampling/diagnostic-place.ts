import { byteKind, byteKinds, hashBytes, WordSet } from './byte-kinds.ts';

// `Row 7: …`: the number of a thing that a file has many of. `request 7` and `attempt 7` count tries.
const rowWords = new WordSet('row line record zeile ligne fila línea linha riga');
const longestPath = 200;

/**
 * The place in a file that a diagnostic names where it begins, as one number; 0 when it names none. `src/a.ts:3:9`,
 * `src/a.ts(3,9)`, the indented `3:9` under a file's name, `tests/a.py::opens[3]`, `Row 3`.
 */
export const placeOf = (bytes: Buffer, start: number, end: number): number => {
  let from = start;
  while (from < end && bytes[from] === 32) from++;
  if (from - start >= 2 && isDigit(bytes, from)) return pairAt(bytes, from);
  const limit = Math.min(end, from + longestPath);
  const word = tokenEnd(bytes, from, limit);
  if (rowWords.has(hashBytes(bytes, from, word)) && isDigit(bytes, word + 1))
    return hashBytes(bytes, from, digitsEnd(bytes, word + 1));
  const place = pathAt(bytes, from, word);
  // `FAILED tests/a.py::opens[3]`
  return place === 0 && word < limit ? testAt(bytes, word + 1, tokenEnd(bytes, word + 1, limit)) : place;
};

const pairAt = (bytes: Buffer, from: number): number => {
  const colon = digitsEnd(bytes, from);
  if (bytes[colon] !== 58 || !isDigit(bytes, colon + 1)) return 0;
  const to = digitsEnd(bytes, colon + 1);
  return bytes[to] === 32 || bytes[to] === 58 ? hashBytes(bytes, from, to) : 0;
};

// A path has a dot or a slash and begins with no digit, as clocks and addresses do.
const pathAt = (bytes: Buffer, from: number, end: number): number => {
  if (isDigit(bytes, from)) return 0;
  let isPath = false;
  for (let at = from; at < end; at++) {
    const byte = bytes[at];
    if (byte === 46 || byte === 47 || byte === 92) isPath = true;
    if ((byte !== 58 && byte !== 40) || !isDigit(bytes, at + 1)) continue;
    const to = digitsEnd(bytes, at + 1);
    const next = bytes[to] ?? 32;
    const ends = byte === 40 ? next === 44 || next === 41 : next === 58 || next <= 32;
    return isPath && ends ? hashBytes(bytes, from, end) : 0;
  }
  return testAt(bytes, from, end);
};

const testAt = (bytes: Buffer, from: number, end: number): number => {
  let hasDot = false;
  for (let at = from; at + 1 < end; at++) {
    if (bytes[at] === 46) hasDot = true;
    if (hasDot && bytes[at] === 58 && bytes[at + 1] === 58) return hashBytes(bytes, from, end);
  }
  return 0;
};

const tokenEnd = (bytes: Buffer, from: number, end: number): number => {
  let at = from;
  while (at < end && (bytes[at] ?? 32) > 32) at++;
  return at;
};

const isDigit = (bytes: Buffer, at: number): boolean => byteKinds[bytes[at] ?? 32] === byteKind.digit;

const digitsEnd = (bytes: Buffer, from: number): number => {
  let at = from;
  while (isDigit(bytes, at)) at++;
  return at;
};

// 4 KB: a list of diagnostics names each place once, a loop comes back to a few.
const room = 1024;

/** Which places were named lately. */
export class PlaceMemory {
  /** Empty until the first one: most programs name none. */
  private known = new Uint32Array();

  /** Notes a place. @returns whether it is new here. */
  note(place: number): boolean {
    if (this.known.length === 0) this.known = new Uint32Array(room);
    const at = (place ^ (place >>> 16)) & (room - 1);
    const isNew = this.known[at] !== place >>> 0;
    this.known[at] = place;
    return isNew;
  }

  get bytes(): number {
    return this.known.byteLength;
  }
}
