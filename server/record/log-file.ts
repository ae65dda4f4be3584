import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const chunkBytes = 65_536;
const mostBytesPerRead = 4_194_304;
/** A longer line is given in pieces: each is a line of its own, named by its own offset. */
const longestLineBytes = 16_384;
const newline = 0x0a;

export interface RawLine {
  readonly offset: number;
  readonly text: string;
}

export interface ReadLines {
  readonly lines: readonly RawLine[];
  /** Just after the last line given. */
  readonly end: number;
  readonly isAtEnd: boolean;
}

interface Ask {
  readonly from: number;
  readonly mostLines: number;
  /** Give a last line that has no newline. */
  readonly takeUnfinished: boolean;
  readonly mostBytes?: number;
}

export const readLines = (file: string, ask: Ask): Promise<ReadLines> =>
  withFile(file, { lines: [], end: ask.from, isAtEnd: true }, async (handle, size) => {
    const lines: RawLine[] = [];
    const stop = Math.min(size, ask.from + (ask.mostBytes ?? mostBytesPerRead));
    let end = Math.min(ask.from, size);
    while (end < stop && lines.length < ask.mostLines) {
      const bytes = await readAt(handle, end, Math.min(chunkBytes, size - end));
      const taken = takeLines(bytes, {
        offset: end,
        room: ask.mostLines - lines.length,
        isLast: ask.takeUnfinished && end + bytes.length >= size,
      });
      lines.push(...taken.lines);
      if (taken.bytes === 0) return { lines, end, isAtEnd: true };
      end += taken.bytes;
    }
    return { lines, end, isAtEnd: end >= size };
  });

/**
 * Where the last `count` lines begin, not before `floor`; the end of the file for 0. `missing` lines would stand
 * before that.
 */
export const findTail = (
  file: string,
  { count, floor }: { count: number; floor: number },
): Promise<{ readonly offset: number; readonly missing: number }> =>
  withFile(file, { offset: floor, missing: count }, async (handle, size) => {
    let missing = count;
    if (missing === 0) return { offset: size, missing };
    if (size <= floor) return { offset: floor, missing };
    const lowest = Math.max(floor, size - mostBytesPerRead);
    for (let end = size; end > lowest; ) {
      const start = Math.max(lowest, end - chunkBytes);
      const bytes = await readAt(handle, start, end - start);
      for (let at = bytes.length - 1; at >= 0; at -= 1) {
        // The newline that ends the file ends the last line; it does not begin another.
        if (bytes[at] !== newline || start + at === size - 1) continue;
        missing -= 1;
        if (missing === 0) return { offset: start + at + 1, missing };
      }
      end = start;
    }
    // The line that begins at the floor counts, too; further back than that nobody looks.
    return { offset: lowest, missing: lowest === floor ? missing - 1 : 0 };
  });

const lookBackBytes = 16_384;

/** What stands in the file just before an offset, from the middle of a line on. */
export const readBefore = (file: string, offset: number): Promise<string> =>
  offset === 0
    ? Promise.resolve('')
    : withFile(file, '', async (handle) => {
        const start = Math.max(0, offset - lookBackBytes);
        return (await readAt(handle, start, offset - start)).toString('latin1');
      });

const takeLines = (
  bytes: Buffer,
  where: { offset: number; room: number; isLast: boolean },
): { lines: RawLine[]; bytes: number } => {
  const lines: RawLine[] = [];
  let start = skipHole(bytes);
  while (start < bytes.length && lines.length < where.room) {
    const found = bytes.indexOf(newline, start);
    const isWhole = found >= 0 && found - start <= longestLineBytes;
    const isCut = !isWhole && bytes.length - start > longestLineBytes;
    if (!isWhole && !isCut && !where.isLast) break;
    const stop = isWhole ? found : isCut ? start + longestLineBytes : bytes.length;
    lines.push({ offset: where.offset + start, text: textOf(bytes.subarray(start, stop)) });
    start = isWhole ? stop + 1 : stop;
  }
  return { lines, bytes: start };
};

// Where the head of a file was given back to the disk it reads as zeros: there is nothing to show.
const skipHole = (bytes: Buffer): number => {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at += 1;
  return at;
};

const textOf = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  return text.endsWith('\r') ? text.slice(0, -1) : text;
};

const readAt = async (handle: FileHandle, at: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
};

const withFile = async <T>(
  file: string,
  absent: T,
  read: (handle: FileHandle, size: number) => Promise<T>,
): Promise<T> => {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return absent; // not written yet, archived, or a link that somebody put in its place
  }
  try {
    return await read(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
};
