import { appendFileSync, closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  arrivalAt,
  entriesOf,
  type IndexEntry,
  indexFileName,
  type OutputStream,
  outputFileName,
  outputStreams,
  parseIndex,
  printIndexEntry,
} from '#protocol/output-index';
import { type FileGap, type FollowedFile, followFile } from './followed-file.ts';
import { createLongLineWatch } from './long-line.ts';

/** A stretch of output that was read before, and when it came. */
export interface PastChunk {
  readonly stream: OutputStream;
  readonly fromByte: number;
  readonly toByte: number;
  readonly atMs: number;
}

/** Follows both output files of one run and keeps, in the run directory, how far it came. */
export interface OutputTail {
  /** Bytes of both streams since the start of the run. */
  readonly bytes: number;
  /** Lines of the run that an earlier life had counted; 0 for a new run. */
  readonly resumedLines: number;
  readonly lastOutputAtMs: number | null;
  read(stream: OutputStream, buffer: Buffer): number;
  noteArrival(atMs: number): void;
  /** Writes down how far each stream was read, where that changed. Comes before anything derived from it is sent. */
  commit(lines: number, atMs: number): void;
  /** What to read again so that windows are as they were: the newest `atMost` bytes of each stream, in order of arrival. */
  past(atMost: number): readonly PastChunk[];
  readAgain(buffer: Buffer, chunk: PastChunk): number;
  lagBytes(): number;
  inspect(): void;
  close(): void;
}

// At two entries a second this is over an hour of arrival times, and no index takes long to read.
const indexTailBytes = 256 * 1024;

export interface StreamGap extends FileGap {
  readonly stream: OutputStream;
}

/** Entries of the index of a run, oldest first; empty where there is none. */
export const readIndex = (runDir: string): IndexEntry[] => {
  try {
    return parseIndex(readFileSync(join(runDir, indexFileName), 'latin1'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
};

export const createOutputTail = (runDir: string, onGap: (gap: StreamGap) => void): OutputTail =>
  new IndexedTail(runDir, onGap);

class IndexedTail implements OutputTail {
  readonly resumedLines: number;
  readonly #indexPath: string;
  readonly #files: Record<OutputStream, FollowedFile>;
  readonly #committed: Record<OutputStream, number>;
  readonly #longLines: Record<OutputStream, ReturnType<typeof createLongLineWatch>>;
  #bytes = 0;
  #lastOutputAtMs: number | null;

  constructor(runDir: string, onGap: (gap: StreamGap) => void) {
    this.#indexPath = join(runDir, indexFileName);
    const entries = readIndexTail(this.#indexPath);
    const offsetOf = (stream: OutputStream): number => entriesOf(entries, stream).at(-1)?.offset ?? 0;
    this.#committed = { stdout: offsetOf('stdout'), stderr: offsetOf('stderr') };
    this.resumedLines = entries.at(-1)?.lines ?? 0;
    this.#lastOutputAtMs = entries.at(-1)?.atMs ?? null;
    this.#bytes = this.#committed.stdout + this.#committed.stderr;
    const follow = (stream: OutputStream): FollowedFile =>
      followFile(join(runDir, outputFileName(stream)), {
        startAt: this.#committed[stream],
        onGap: (gap) => onGap({ stream, ...gap }),
      });
    const watch = (stream: OutputStream) => createLongLineWatch((gap) => onGap({ stream, ...gap }));
    this.#longLines = { stdout: watch('stdout'), stderr: watch('stderr') };
    this.#files = { stdout: follow('stdout'), stderr: follow('stderr') };
  }

  get bytes(): number {
    return this.#bytes;
  }
  get lastOutputAtMs(): number | null {
    return this.#lastOutputAtMs;
  }
  noteArrival(atMs: number): void {
    this.#lastOutputAtMs = atMs;
  }

  read(stream: OutputStream, buffer: Buffer): number {
    const file = this.#files[stream];
    const before = file.offset;
    const length = file.read(buffer);
    this.#bytes += Math.max(length, file.offset - before);
    if (length > 0) this.#longLines[stream].see(buffer.subarray(0, length), file.offset - length);
    return length;
  }

  commit(lines: number, atMs: number): void {
    const fresh: IndexEntry[] = [];
    for (const stream of outputStreams) {
      const { offset } = this.#files[stream];
      if (offset !== this.#committed[stream]) fresh.push({ stream, offset, atMs, lines });
    }
    if (fresh.length === 0 || !appendText(this.#indexPath, fresh.map(printIndexEntry).join(''))) return;
    for (const entry of fresh) this.#committed[entry.stream] = entry.offset;
  }

  past(atMost: number): readonly PastChunk[] {
    // Looked up, not remembered: it is asked for once in the life of a worker, and there may be hundreds of runs.
    const index = readIndexTail(this.#indexPath);
    const chunks = outputStreams.flatMap((stream) => {
      const entries = entriesOf(index, stream);
      const toByte = this.#committed[stream];
      const fromByte = Math.max(0, toByte - atMost);
      return cutByArrival(entries, { stream, fromByte, toByte });
    });
    return chunks.sort((a, b) => a.atMs - b.atMs);
  }

  readAgain(buffer: Buffer, chunk: PastChunk): number {
    return this.#files[chunk.stream].readAgain(buffer, chunk);
  }

  lagBytes(): number {
    return this.#files.stdout.lagBytes() + this.#files.stderr.lagBytes();
  }
  inspect(): void {
    for (const stream of outputStreams) this.#files[stream].inspect();
  }
  close(): void {
    for (const stream of outputStreams) this.#files[stream].close();
  }
}

const chunkBytes = 64 * 1024;

const cutByArrival = (
  entries: readonly IndexEntry[],
  range: { stream: OutputStream; fromByte: number; toByte: number },
): PastChunk[] => {
  const chunks: PastChunk[] = [];
  let at = range.fromByte;
  for (const entry of entries) {
    while (at < entry.offset && at < range.toByte) {
      const toByte = Math.min(entry.offset, range.toByte, at + chunkBytes);
      chunks.push({ stream: range.stream, fromByte: at, toByte, atMs: arrivalAt(entries, at) ?? entry.atMs });
      at = toByte;
    }
  }
  return chunks;
};

const noRoom: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ENOENT']);

/** False where there is no room: guarding goes on, and only a crash before the next entry would count lines again. */
const appendText = (path: string, text: string): boolean => {
  try {
    appendFileSync(path, text, { mode: 0o600 });
    return true;
  } catch (error) {
    if (!noRoom.has(codeOf(error))) throw error;
    return false;
  }
};

const readIndexTail = (path: string): IndexEntry[] => {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, indexTailBytes));
    readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString('latin1');
    return parseIndex(bytes.length < size ? text.slice(text.indexOf('\n') + 1) : text);
  } finally {
    closeSync(descriptor);
  }
};

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';
