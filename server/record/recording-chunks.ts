import { appendFile, type FileHandle, open, stat, truncate } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { parseColumns } from './parse-recording.ts';
import { toColumns, toRows } from './recording-columns.ts';
import type { RecordedRow, Span } from './recordings.ts';

// A chunk: magic, length of the payload, time of its first and last row; then the columns, deflated.
export const magic = 0x46465231;
export const headBytes = 24;
const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

export const appendChunk = async (file: string, rows: readonly RecordedRow[]): Promise<void> => {
  const payload = await deflate(Buffer.from(JSON.stringify(toColumns(rows))));
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(magic, 0);
  head.writeUInt32BE(payload.length, 4);
  head.writeDoubleBE(rows[0]?.atMs ?? 0, 8);
  head.writeDoubleBE(rows.at(-1)?.atMs ?? 0, 16);
  const before = await sizeOf(file);
  try {
    await appendFile(file, Buffer.concat([head, payload]), { mode: 0o600 });
  } catch (error) {
    // Half a chunk, where the disk was full, would hide all that is written behind it.
    if (before !== null) await truncate(file, before);
    throw error;
  }
};

/** Takes away what a death cut short, so that what is appended from now on can be read. */
export const dropTornChunk = async (file: string): Promise<void> => {
  const size = await sizeOf(file);
  if (size === null) return;
  const { wholeBytes } = await survey(file);
  if (wholeBytes < size) await truncate(file, wholeBytes);
};

const sizeOf = async (file: string): Promise<number | null> => {
  try {
    return (await stat(file)).size;
  } catch {
    return null; // nothing was recorded of this run yet
  }
};

/** Rows of the chunks that touch the span. A chunk that a death cut short ends the file. */
export const readChunks = async function* (file: string, span: Span): AsyncGenerator<RecordedRow> {
  const handle = await openIfThere(file);
  if (handle === null) return;
  try {
    for await (const chunk of chunkHeads(handle)) {
      if (chunk.lastMs < span.fromMs || chunk.firstMs > span.toMs) continue;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(chunk.bytes), 0, chunk.bytes, chunk.start);
      if (bytesRead < chunk.bytes) return;
      yield* toRows(parseColumns((await inflate(buffer)).toString()));
    }
  } finally {
    await handle.close();
  }
};

/** Time of the newest row in the file; minus infinity where there is none. */
export const newestIn = async (file: string): Promise<number> => (await survey(file)).newestMs;

const survey = async (file: string): Promise<{ readonly newestMs: number; readonly wholeBytes: number }> => {
  let seen = { newestMs: Number.NEGATIVE_INFINITY, wholeBytes: 0 };
  const handle = await openIfThere(file);
  if (handle === null) return seen;
  try {
    for await (const chunk of chunkHeads(handle))
      seen = { newestMs: chunk.lastMs, wholeBytes: chunk.start + chunk.bytes };
    return seen;
  } finally {
    await handle.close();
  }
};

interface ChunkHead {
  readonly start: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const chunkHeads = async function* (handle: FileHandle): AsyncGenerator<ChunkHead> {
  const { size } = await handle.stat();
  const head = Buffer.alloc(headBytes);
  for (let at = 0; at + headBytes <= size; ) {
    await handle.read(head, 0, headBytes, at);
    const bytes = head.readUInt32BE(4);
    const start = at + headBytes;
    if (head.readUInt32BE(0) !== magic || start + bytes > size) return;
    yield { start, bytes, firstMs: head.readDoubleBE(8), lastMs: head.readDoubleBE(16) };
    at = start + bytes;
  }
};

const openIfThere = async (file: string): Promise<FileHandle | null> => {
  try {
    return await open(file, 'r');
  } catch {
    return null; // nothing was recorded of this run yet
  }
};
