import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import {
  type ArchivedLine,
  type ArchiveFrame,
  archiveFileName,
  archiveIndexFileName,
  framesOf,
  parseArchivedLines,
  parseArchiveIndex,
} from '#protocol/log-archive';
import type { OutputStream } from '#protocol/output-index';

/** What left the log of one stream for the archive. */
export interface ArchivedStream {
  readonly frames: readonly ArchiveFrame[];
  /** Up to which byte of the log it reaches. */
  readonly end: number;
}

export interface LogArchive {
  stream(directory: string, stream: OutputStream): Promise<ArchivedStream>;
  /** A frame that cannot be read gives one line that says so. */
  lines(directory: string, frame: ArchiveFrame): Promise<readonly ArchivedLine[]>;
}

const unzip = promisify(gunzip);
const indexesKept = 16;
const framesKept = 8;

interface KnownIndex {
  readonly bytes: number;
  readonly changedMs: number;
  readonly frames: readonly ArchiveFrame[];
}

/** Reads archives; pages of one log follow each other, so what was read last is kept for a while. */
export const createLogArchive = (): LogArchive => {
  const indexes = new Map<string, KnownIndex>();
  const decoded = new Map<string, readonly ArchivedLine[]>();

  const framesIn = async (directory: string): Promise<readonly ArchiveFrame[]> => {
    const file = join(directory, archiveIndexFileName);
    const now = await stat(file).catch(() => null); // nothing of it is archived, or it went with its run
    if (now === null) return [];
    const known = indexes.get(file);
    if (known?.bytes === now.size && known.changedMs === now.mtimeMs) return known.frames;
    const text = await readFile(file, 'latin1').catch(() => '');
    const frames = parseArchiveIndex(text);
    keep(indexes, { key: file, value: { bytes: text.length, changedMs: now.mtimeMs, frames }, atMost: indexesKept });
    return frames;
  };

  return {
    stream: async (directory, stream) => {
      const frames = framesOf(await framesIn(directory), stream);
      return { frames, end: frames.at(-1)?.toByte ?? 0 };
    },
    lines: async (directory, frame) => {
      const key = `${directory}:${frame.position}:${frame.length}`;
      const known = decoded.get(key);
      if (known !== undefined) return known;
      const value = await readFrame(join(directory, archiveFileName), frame);
      keep(decoded, { key, value, atMost: framesKept });
      return value;
    },
  };
};

const readFrame = async (file: string, frame: ArchiveFrame): Promise<readonly ArchivedLine[]> => {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(frame.length), 0, frame.length, frame.position);
      const text = (await unzip(buffer.subarray(0, bytesRead))).toString('utf8');
      return parseArchivedLines(text, frame.fromByte);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    // Told where the lines would stand: the rest of the log is still worth reading.
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `[flowforge: bytes ${frame.fromByte} to ${frame.toByte} (${frame.lines} lines) cannot be read from the archive: ${why}]`;
    return [{ offset: frame.fromByte, atMs: frame.firstAtMs, text }];
  }
};

const keep = <Value>(map: Map<string, Value>, one: { key: string; value: Value; atMost: number }): void => {
  map.delete(one.key);
  map.set(one.key, one.value);
  const [oldest] = map.keys();
  if (map.size > one.atMost && oldest !== undefined) map.delete(oldest);
};
