/** Where a pass over a line stands, and what it found. One record is reused for every line: no line costs an allocation. */
export interface LineCursor {
  /** The bytes that are passed over, and the same to read four of them at once: that costs as much as reading one. */
  source: Buffer;
  view: DataView;
  at: number;
  /** Where the pass must stop. */
  end: number;
  /** Where the word at hand begins. */
  from: number;
  /** Both are set when the pass is over; until then `l2` grows with each word, number masked. */
  l1: number;
  l2: number;
  /** Grows with each number that is not volatile; 0 while there was none. */
  figures: number;
  flags: number;
  /** Hashes of the two words before this place. */
  word: number;
  wordBefore: number;
  /** Rows that a cursor movement went up; the redraw covers as many lines. */
  rowsUp: number;
  /** A carriage return inside the line, where the line begins anew. */
  sawReturn: boolean;
  sawText: boolean;
  /** The word at hand has letters of another script than ASCII. */
  isForeign: boolean;
  /** Whether the line told of a request to a server, and of its answer. */
  request: 'none' | 'asked' | 'answered';
}

const noBytes = Buffer.alloc(0);

export const createLineCursor = (): LineCursor => ({
  source: noBytes,
  view: viewOf(noBytes),
  at: 0,
  end: 0,
  from: 0,
  l1: 0,
  l2: 0,
  figures: 0,
  flags: 0,
  word: 0,
  wordBefore: 0,
  rowsUp: 0,
  sawReturn: false,
  sawText: false,
  isForeign: false,
  request: 'none',
});

const spread = 0x5bd1e995;

/** Order-sensitive step of a line's hash. */
export const mix = (hash: number, value: number): number => Math.imul(((hash << 5) | (hash >>> 27)) ^ value, spread);

/** Makes `bytes` the ones that are passed over. */
export const turnTo = (cursor: LineCursor, bytes: Buffer): void => {
  if (cursor.source === bytes) return;
  cursor.source = bytes;
  cursor.view = viewOf(bytes);
};

/** Lets the bytes go: a run that is quiet now does not hold the chunk that was read last. */
export const turnAway = (cursor: LineCursor): void => turnTo(cursor, noBytes);

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
