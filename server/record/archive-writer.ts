import { existsSync } from 'node:fs';
import { readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { givenBackFileName, parseGivenBack } from '#protocol/given-back';
import { type ArchivedLine, printArchivedLines } from '#protocol/log-archive';
import { keptFileOf, type OutputStream, outputFileName, outputStreams } from '#protocol/output-index';
import { createRedactor, createResumedRedactor, type Redactor } from '#redaction/redact';
import { secretValuesOf } from '#redaction/secret-names';
import { type ArchiveFiles, type NewFrame, openArchive } from './archive-files.ts';
import { arrivalsOf } from './arrivals.ts';
import { readLines } from './log-file.ts';
import { readJobEnvironment } from './parse-run-spec.ts';

export interface ArchiveAsk {
  readonly directory: string;
  /** Up to which byte of each stream; null for all of a run that is over, whose log files then go. */
  readonly upTo: Readonly<Record<OutputStream, number>> | null;
  /** Of output, as the job wrote it: the rest is for the next time. */
  readonly mostBytes: number;
}

export interface Archived {
  /** Nothing of what was asked is left. */
  readonly isDone: boolean;
  /** Of the run, as it wrote them, since its log was truncated last. */
  readonly bytes: number;
  readonly lines: number;
  /** What the archive takes. */
  readonly archivedBytes: number;
}

const frameBytes = 256 * 1024;
const frameLines = 16_384;
/** Written to the disk at once. */
const framesPerBatch = 16;

/**
 * Moves output of one run into its archive. Whatever kills it leaves an archive that the next call goes on with: data
 * is synced before the index tells of it, and the index before anybody gives the log back. One writer at a time.
 * @throws Error of the file system when there is no room.
 */
export const archiveLogs = async (ask: ArchiveAsk): Promise<Archived> => {
  const redactor = createMemoRedactor(createRedactor(secretValuesOf(await readJobEnvironment(ask.directory))));
  const files = await openArchive(ask.directory);
  try {
    let left = ask.mostBytes;
    for (const stream of outputStreams) left -= await archiveStream(files, { ask, stream, redactor, mostBytes: left });
    const isDone = left > 0 && (ask.upTo !== null || (await removeLogs(ask.directory, files.ends)));
    return { isDone, bytes: files.ends.stdout + files.ends.stderr, ...files.size() };
  } finally {
    await files.close();
  }
};

/** False where something came after all: it is archived the next time. */
const removeLogs = async (directory: string, ends: ArchiveFiles['ends']): Promise<boolean> => {
  let areGone = true;
  for (const stream of outputStreams) {
    const file = join(directory, outputFileName(stream));
    const size = await sizeOf(file);
    if (size === null) continue;
    if (size > Math.max(ends[stream], await givenBackOf(directory, stream))) areGone = false;
    else await unlink(file);
  }
  return areGone;
};

interface Part {
  readonly ask: ArchiveAsk;
  readonly stream: OutputStream;
  readonly redactor: Redactor;
  readonly mostBytes: number;
}

/** How many bytes of the log were archived: at least `mostBytes` where more is left. */
const archiveStream = async (files: ArchiveFiles, part: Part): Promise<number> => {
  const { directory, upTo } = part.ask;
  const file = join(directory, outputFileName(part.stream));
  const size = await sizeOf(file);
  if (size === null) return 0;
  if (size < files.ends[part.stream]) {
    if (existsSync(keptFileOf(file)) || ((await sizeOf(file)) ?? 0) > size) return 0;
    await files.append([truncation(part.stream)]);
  }
  const end = Math.min(size, upTo?.[part.stream] ?? size);
  let bytes = 0;
  while (bytes < part.mostBytes) {
    const from = Math.max(files.ends[part.stream], await givenBackOf(directory, part.stream));
    if (from >= end) break;
    const frames = await readFrames(file, { ...part, from, end, keyLinesLeft: files.keyLinesLeft(part.stream) });
    // Given back to the disk while it was read: what we have may be zeros.
    if ((await givenBackOf(directory, part.stream)) > from) continue;
    if (frames.length === 0 && existsSync(keptFileOf(file))) break;
    if (frames.length === 0) throw new Error(`${file} cannot be read on from byte ${from} of ${size}`);
    await files.append(frames);
    bytes += files.ends[part.stream] - from;
  }
  return bytes;
};

const truncation = (stream: OutputStream): NewFrame => ({
  stream,
  ...{ fromByte: 0, toByte: 0, lines: 0, firstAtMs: null, lastAtMs: null, keyLinesLeft: 0 },
  data: Buffer.alloc(0),
});

interface Range extends Part {
  readonly from: number;
  readonly end: number;
  readonly keyLinesLeft: number;
}

/** The next frames from one byte on, at most a batch of them. */
const readFrames = async (file: string, { ask, stream, from, end, ...range }: Range): Promise<NewFrame[]> => {
  const atOf = await arrivalsOf(ask.directory, { stream, from });
  const redactor = createResumedRedactor(range.redactor, range.keyLinesLeft);
  const frames: NewFrame[] = [];
  for (let at = from; at < end && frames.length < framesPerBatch; ) {
    const read = await readLines(file, {
      from: at,
      mostLines: frameLines,
      takeUnfinished: ask.upTo === null,
      mostBytes: Math.min(frameBytes, end - at),
    });
    if (read.end === at) break;
    const lines = read.lines.map(
      ({ offset, text }): ArchivedLine => ({ offset, atMs: atOf(offset), text: redactor.hide(text) }),
    );
    frames.push({
      stream,
      fromByte: at,
      toByte: read.end,
      lines: lines.length,
      firstAtMs: lines[0]?.atMs ?? null,
      lastAtMs: lines.at(-1)?.atMs ?? null,
      keyLinesLeft: redactor.keyLinesLeft(),
      data: gzipSync(printArchivedLines(lines, at)),
    });
    at = read.end;
  }
  return frames;
};

const memoLines = 4_096;
const memoLineLength = 1_024;

/** What floods repeats itself: a line that was seen just now is not looked through again. */
const createMemoRedactor = (redactor: Redactor): Redactor => {
  const seen = new Map<string, string>();
  return {
    argv: redactor.argv,
    text: (raw) => {
      const known = seen.get(raw);
      if (known !== undefined) return known;
      const text = redactor.text(raw);
      if (seen.size >= memoLines) seen.clear();
      if (raw.length <= memoLineLength) seen.set(raw, text);
      return text;
    },
  };
};

const sizeOf = async (file: string): Promise<number | null> => {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

const givenBackOf = async (directory: string, stream: OutputStream): Promise<number> => {
  try {
    return parseGivenBack(await readFile(join(directory, givenBackFileName), 'utf8'))[stream];
  } catch (error) {
    if (isMissing(error)) return 0; // all of it is there
    throw error;
  }
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
