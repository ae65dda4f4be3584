/** What a byte means to a line's shape. Letters are ASCII letters, the underscore, and every byte of a non-ASCII word. */
export const byteKind = {
  letter: 0,
  digit: 1,
  space: 2,
  punctuation: 3,
  newline: 4,
  carriageReturn: 5,
  escape: 6,
  ignored: 7,
  symbol: 8,
} as const;

const kindOf = (byte: number): number => {
  if (byte === 10) return byteKind.newline;
  if (byte === 13) return byteKind.carriageReturn;
  if (byte === 27) return byteKind.escape;
  if (byte === 9 || byte === 32) return byteKind.space;
  if (byte < 32 || byte === 127) return byteKind.ignored;
  if (byte >= 48 && byte <= 57) return byteKind.digit;
  // 0xE2 leads U+2000-2FFF: punctuation, arrows, boxes, spinners; no script has its letters there.
  if (byte === 0xe2) return byteKind.symbol;
  if (byte >= 0x80 || byte === 95 || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)) return byteKind.letter;
  return byteKind.punctuation;
};

/** Kind of each byte value. */
export const byteKinds = Uint8Array.from({ length: 256 }, (_, byte) => kindOf(byte));

/** Each letter byte with ASCII capitals made small; 0 for what is no letter. */
export const letterBytes = Uint8Array.from({ length: 256 }, (_, byte) =>
  kindOf(byte) !== byteKind.letter ? 0 : byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

/** Each byte value with ASCII capitals made small. */
export const foldedBytes = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));

export const wordSeed = 0x811c9dc5 | 0;

/** In four letters: set in small ones, and not in capitals. */
export const smallBits = 0x20202020;

/** The highest bit of each of the four bytes that is no small ASCII letter: adding carries into it what lies past a and past z. */
export const notLetters = (four: number): number => {
  const low = four & 0x7f7f7f7f;
  return ~(((low + 0x1f1f1f1f) | 0) & ~((low + 0x05050505) | 0) & ~four) & 0x80808080;
};

/** Four bytes at once: a word costs a step for each four of its letters. */
export const hashFour = (hash: number, four: number): number => {
  const mixed = Math.imul(hash ^ four, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

/** The hash that the pass over a line makes of a word: four bytes a step, capitals made small, the last step filled with zeros. */
export const hashBytes = (bytes: Uint8Array, from: number, to: number, seed = wordSeed): number => {
  let hash = seed;
  let four = 0;
  let free = 32;
  for (let at = from; at < to; at++) {
    free -= 8;
    four |= (foldedBytes[bytes[at] ?? 0] ?? 0) << free;
    if (free > 0) continue;
    hash = hashFour(hash, four);
    four = 0;
    free = 32;
  }
  return free === 32 ? hash : hashFour(hash, four);
};

export const hashWord = (word: string): number => {
  const bytes = Buffer.from(word);
  return hashBytes(bytes, 0, bytes.length);
};

/** A set of word hashes that turns nearly every stranger away by one load. */
export class WordSet {
  private readonly filter = new Uint8Array(4096);
  private readonly hashes = new Set<number>();

  constructor(words: string) {
    for (const word of words.trim().split(/\s+/)) {
      const hash = hashWord(word);
      this.hashes.add(hash);
      this.filter[hash & 4095] = 1;
    }
  }

  /** False for nearly every stranger. */
  mayHave(hash: number): boolean {
    return this.filter[hash & 4095] === 1;
  }

  has(hash: number): boolean {
    return this.filter[hash & 4095] === 1 && this.hashes.has(hash);
  }
}
