import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArchiveFrame,
  archivedUpTo,
  archiveFileName,
  archiveIndexFileName,
  framesOf,
  isTruncation,
  parseArchiveIndex,
  printArchiveFrame,
} from '#protocol/log-archive';
import { type OutputStream, outputStreams } from '#protocol/output-index';

/** The archive of one run, opened to be gone on with. */
export interface ArchiveFiles {
  readonly ends: Record<OutputStream, number>;
  keyLinesLeft(stream: OutputStream): number;
  size(): { readonly lines: number; readonly archivedBytes: number };
  /** On the disk when it resolves: first the data, then the lines of the index that tell of it. */
  append(frames: readonly NewFrame[]): Promise<void>;
  close(): Promise<void>;
}

export type NewFrame = Omit<ArchiveFrame, 'position' | 'length' | 'otherToByte'> & { readonly data: Buffer };

/** @throws Error of the file system when they cannot be made. */
export const openArchive = async (directory: string): Promise<ArchiveFiles> => {
  const data = await openToWrite(join(directory, archiveFileName));
  const index = await openToWrite(join(directory, archiveIndexFileName));
  const text = await index.readFile('latin1');
  let indexEnd = text.lastIndexOf('\n') + 1;
  const known = parseArchiveIndex(text.slice(0, indexEnd));
  const ends = { ...archivedUpTo(text.slice(0, indexEnd)) };
  const keyLines = new Map(
    outputStreams.map((stream) => [stream, framesOf(known, stream).at(-1)?.keyLinesLeft ?? 0] as const),
  );
  const lines = new Map(
    outputStreams.map(
      (stream) => [stream, framesOf(known, stream).reduce((sum, frame) => sum + frame.lines, 0)] as const,
    ),
  );
  let position = Math.max(0, ...known.map((frame) => frame.position + frame.length));
  return {
    ends,
    keyLinesLeft: (stream) => keyLines.get(stream) ?? 0,
    size: () => ({ lines: [...lines.values()].reduce((sum, count) => sum + count, 0), archivedBytes: position }),
    append: async (frames) => {
      const bytes = Buffer.concat(frames.map((frame) => frame.data));
      if (bytes.length > 0) await writeAll(data, { bytes, position });
      await data.datasync();
      let told = '';
      let at = position;
      for (const frame of frames) {
        const other = ends[frame.stream === 'stdout' ? 'stderr' : 'stdout'];
        told += printArchiveFrame({ ...frame, position: at, length: frame.data.length, otherToByte: other });
        at += frame.data.length;
      }
      await writeAll(index, { bytes: Buffer.from(told), position: indexEnd });
      await index.datasync();
      indexEnd += told.length;
      position = at;
      for (const frame of frames) {
        ends[frame.stream] = frame.toByte;
        keyLines.set(frame.stream, frame.keyLinesLeft);
        lines.set(frame.stream, isTruncation(frame) ? 0 : (lines.get(frame.stream) ?? 0) + frame.lines);
      }
    },
    close: async () => {
      // What a crash cut off after the last whole line must not stand behind it.
      await index.truncate(indexEnd);
      await Promise.all([data.close(), index.close()]);
    },
  };
};

const openToWrite = (file: string): Promise<FileHandle> =>
  open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);

const writeAll = async (handle: FileHandle, what: { bytes: Buffer; position: number }): Promise<void> => {
  for (let done = 0; done < what.bytes.length; ) {
    const { bytesWritten } = await handle.write(what.bytes, done, what.bytes.length - done, what.position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
};
