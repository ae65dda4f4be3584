/** Cuts a stream of bytes into the lines somebody wants; the others cost a search for their end and nothing else. */
export interface LineCutter {
  push(chunk: Buffer, atMs: number): void;
  /** For a stream that is most likely nobody's: only what may begin with `opening` is cut, the rest is passed over whole. */
  skim(chunk: Buffer, opening: string, atMs: number): void;
  end(atMs: number): void;
}

// Longer than any message an agent prints whole (pictures included); a line beyond it is dropped to its end.
const maxLineBytes = 8 * 1024 * 1024;
const newline = 0x0a;

type PartLine =
  | { readonly kind: 'none' }
  | { readonly kind: 'skipping' }
  | { readonly kind: 'held'; readonly pieces: Buffer[]; bytes: number };

export const createLineCutter = (reader: {
  readonly wants: (firstByte: number) => boolean;
  readonly line: (line: string, atMs: number) => void;
}): LineCutter => {
  let partial: PartLine = { kind: 'none' };

  const hold = (piece: Buffer): void => {
    if (piece.length === 0 || partial.kind === 'skipping') return;
    if (partial.kind === 'none') {
      const first = piece[0] ?? 0;
      partial = reader.wants(first)
        ? { kind: 'held', pieces: [Buffer.from(piece)], bytes: piece.length }
        : { kind: 'skipping' };
      return;
    }
    partial.pieces.push(Buffer.from(piece));
    partial.bytes += piece.length;
    if (partial.bytes > maxLineBytes) partial = { kind: 'skipping' };
  };
  const complete = (rest: Buffer, atMs: number) => {
    const held = partial;
    partial = { kind: 'none' };
    if (held.kind === 'skipping') return;
    if (held.kind === 'held') return reader.line(Buffer.concat([...held.pieces, rest]).toString('utf8'), atMs);
    if (rest.length > 0 && rest.length <= maxLineBytes && reader.wants(rest[0] ?? 0))
      reader.line(rest.toString('utf8'), atMs);
  };
  const push = (chunk: Buffer, atMs: number): void => {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(newline, from);
      if (end === -1) break;
      // Most lines are not wanted: they are not even made an object of.
      if (partial.kind !== 'none' || reader.wants(chunk[from] ?? 0)) complete(chunk.subarray(from, end), atMs);
      from = end + 1;
    }
    hold(chunk.subarray(from));
  };

  return {
    push,
    skim: (chunk, opening, atMs) => {
      if (chunk.length === 0) return;
      const mayBegin = partial.kind === 'none' && chunk[0] === opening.charCodeAt(0);
      if (mayBegin || partial.kind === 'held' || chunk.includes(`\n${opening}`)) return push(chunk, atMs);
      partial = chunk[chunk.length - 1] === newline ? { kind: 'none' } : { kind: 'skipping' };
    },
    end: (atMs) => complete(Buffer.alloc(0), atMs),
  };
};
