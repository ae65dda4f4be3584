import { closeSync, constants, existsSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { keptFileOf } from '#protocol/output-index';

export interface FileGap {
  readonly fromByte: number;
  readonly toByte: number;
  readonly why: string;
}

/** A file that others append to, read from a known byte on. */
export interface FollowedFile {
  /** Up to which byte all was read. */
  readonly offset: number;
  /** Reads into `buffer` what came since; 0 at the end. */
  read(buffer: Buffer): number;
  /** Reads again what lies between two bytes; less than asked where the file ends earlier. */
  readAgain(buffer: Buffer, range: { fromByte: number; toByte: number }): number;
  /** Bytes written and not yet read. */
  lagBytes(): number;
  /** Looks whether the file is still the one it was; says so once for each thing that happened to it. */
  inspect(): void;
  close(): void;
}

const lagAtMostBytes = 16 * 1024 * 1024;
const lagAfterSkipBytes = 1024 * 1024;

/** @param startAt byte to begin at, from an earlier life. */
export const followFile = (path: string, options: { startAt: number; onGap: (gap: FileGap) => void }): FollowedFile => {
  let offset = options.startAt;
  let descriptor: number | null = null;
  let isDetached = false;
  let wasFull = false;
  let isInspected = false;

  const open = (): number | null => {
    descriptor ??= openRegular(path);
    if (descriptor !== null && !isInspected) inspect(descriptor);
    return descriptor;
  };
  const inspect = (opened: number): void => {
    isInspected = true;
    const now = fstatSync(opened);
    if (now.size < offset && !existsSync(keptFileOf(path)) && fstatSync(opened).size < offset) {
      const lost = offset;
      offset = 0;
      options.onGap({
        fromByte: 0,
        toByte: lost,
        why: `truncated to ${now.size} bytes after ${lost} were read; what came between is lost`,
      });
    }
    if (isDetached || isAt(path, now)) return;
    isDetached = true;
    // The job still writes to the file it opened, so we go on reading it: only those who look later miss something.
    const what = now.nlink === 0 ? 'deleted' : 'moved or replaced';
    options.onGap({ fromByte: 0, toByte: offset, why: `${what} under the running job; still read, no longer kept` });
  };

  /** A flood that comes faster than anybody can read must not keep us from seeing what happens now. */
  const skipAhead = (opened: number): boolean => {
    const { size } = fstatSync(opened);
    if (size - offset <= lagAtMostBytes) return false;
    const fromByte = offset;
    offset = size - lagAfterSkipBytes;
    options.onGap({ fromByte, toByte: offset, why: 'it came faster than it could be read, and was passed over' });
    return true;
  };

  return {
    get offset() {
      return offset;
    },
    read: (buffer) => {
      const opened = open();
      if (opened === null) return 0;
      if (wasFull) skipAhead(opened);
      let length = readSync(opened, buffer, 0, buffer.length, offset);
      // Given back to the disk while nobody could keep up: there is nothing to read until the end of the flood.
      if (length > 0 && buffer[0] === 0 && skipAhead(opened))
        length = readSync(opened, buffer, 0, buffer.length, offset);
      offset += length;
      wasFull = length === buffer.length;
      return length;
    },
    readAgain: (buffer, { fromByte, toByte }) => {
      const opened = open();
      return opened === null ? 0 : readSync(opened, buffer, 0, Math.min(buffer.length, toByte - fromByte), fromByte);
    },
    lagBytes: () => {
      const opened = open();
      return opened === null ? 0 : Math.max(0, fstatSync(opened).size - offset);
    },
    inspect: () => {
      if (descriptor !== null) inspect(descriptor);
    },
    close: () => {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
};

// A job may put a link, a directory or a locked file in the place of its own log: there is then nothing of it to read.
const noFile: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP', 'EACCES', 'ENXIO']);

const openRegular = (path: string): number | null => {
  try {
    const opened = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (fstatSync(opened).isFile()) return opened;
    closeSync(opened);
    return null;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && noFile.has(String(error.code)))) throw error;
    return null;
  }
};

const isAt = (path: string, file: Stats): boolean => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.ino === file.ino && found.dev === file.dev;
};
