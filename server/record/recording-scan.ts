import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { parseColumns } from './parse-recording.ts';
import { headBytes, magic } from './recording-chunks.ts';
import { toRows } from './recording-columns.ts';
import type { RecordedRow } from './recordings.ts';

const windowBytes = 1024 * 1024;

/**
 * Every row since `fromMs` in order, read and inflated on this thread: for one that has nothing else to do.
 * A chunk that a death cut short ends the file; no file is no rows.
 */
export const scanRows = function* (file: string, fromMs: number): Generator<RecordedRow> {
  const handle = openIfThere(file);
  if (handle === null) return;
  try {
    for (const { lastMs, payload } of chunks(handle))
      if (lastMs >= fromMs) yield* toRows(parseColumns(inflateRawSync(payload).toString()));
  } finally {
    closeSync(handle);
  }
};

/** Many chunks with one read: they are small, and a recording has thousands. */
const chunks = function* (handle: number): Generator<{ readonly lastMs: number; readonly payload: Buffer }> {
  const { size } = fstatSync(handle);
  let window: Buffer = Buffer.alloc(0);
  let windowAt = 0;
  const bytesAt = (at: number, length: number): Buffer => {
    if (at < windowAt || at + length > windowAt + window.length) {
      const fresh = Buffer.allocUnsafe(Math.min(Math.max(length, windowBytes), size - at));
      window = fresh.subarray(0, readSync(handle, fresh, 0, fresh.length, at));
      windowAt = at;
    }
    return window.subarray(at - windowAt, at - windowAt + length);
  };
  for (let at = 0; at + headBytes <= size; ) {
    const head = bytesAt(at, headBytes);
    const length = head.readUInt32BE(4);
    const [sign, lastMs, start] = [head.readUInt32BE(0), head.readDoubleBE(16), at + headBytes];
    if (sign !== magic || start + length > size) return;
    yield { lastMs, payload: bytesAt(start, length) };
    at = start + length;
  }
};

const openIfThere = (file: string): number | null => {
  try {
    return openSync(file, 'r');
  } catch {
    return null; // nothing was recorded of this run yet
  }
};
