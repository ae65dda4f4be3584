// Longer than any message an agent prints whole (pictures included); a line beyond it is dropped to its end.
const maxLineBytes = 8 * 1024 * 1024;
const newline = 0x0a;

type PartLine =
  | { readonly kind: 'none' }
  | { readonly kind: 'skipping' }
  | { readonly kind: 'held'; readonly pieces: Buffer[]; bytes: number };

interface LineReader {
  readonly wants: (firstByte: number) => boolean;
  readonly line: (line: string, atMs: number) => void;
}

/** Cuts a stream of bytes into the lines somebody wants; the others cost a search for their end and nothing else. */
export class LineCutter {
  /** Lines that have ended so far, wanted or not. */
  lines = 0;
  readonly #reader: LineReader;
  #partial: PartLine = { kind: 'none' };

  constructor(reader: LineReader) {
    this.#reader = reader;
  }

  push(chunk: Buffer, atMs: number): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(newline, from);
      if (end === -1) break;
      this.lines++;
      // Most lines are not wanted: they are not even made an object of.
      if (this.#partial.kind !== 'none' || this.#reader.wants(chunk[from] ?? 0))
        this.#complete(chunk.subarray(from, end), atMs);
      from = end + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  /** For a stream that is most likely nobody's: only what may begin with `opening` is cut, the rest is passed over whole. */
  skim(chunk: Buffer, opening: string, atMs: number): void {
    if (chunk.length === 0) return;
    const mayBegin = this.#partial.kind === 'none' && chunk[0] === opening.charCodeAt(0);
    if (mayBegin || this.#partial.kind === 'held' || chunk.includes(`\n${opening}`)) this.push(chunk, atMs);
    else this.#passOver(chunk);
  }

  end(atMs: number): void {
    if (this.#partial.kind !== 'none') this.lines++;
    this.#complete(Buffer.alloc(0), atMs);
  }

  #passOver(chunk: Buffer): void {
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) this.lines++;
    this.#partial = chunk[chunk.length - 1] === newline ? { kind: 'none' } : { kind: 'skipping' };
  }

  #hold(piece: Buffer): void {
    const held = this.#partial;
    if (piece.length === 0 || held.kind === 'skipping') return;
    if (held.kind === 'none') {
      const isWanted = this.#reader.wants(piece[0] ?? 0);
      this.#partial = isWanted
        ? { kind: 'held', pieces: [Buffer.from(piece)], bytes: piece.length }
        : { kind: 'skipping' };
      return;
    }
    held.pieces.push(Buffer.from(piece));
    held.bytes += piece.length;
    if (held.bytes > maxLineBytes) this.#partial = { kind: 'skipping' };
  }

  #complete(rest: Buffer, atMs: number): void {
    const held = this.#partial;
    this.#partial = { kind: 'none' };
    if (held.kind === 'held') this.#reader.line(Buffer.concat([...held.pieces, rest]).toString('utf8'), atMs);
    if (held.kind !== 'none' || rest.length === 0 || rest.length > maxLineBytes) return;
    if (this.#reader.wants(rest[0] ?? 0)) this.#reader.line(rest.toString('utf8'), atMs);
  }
}
