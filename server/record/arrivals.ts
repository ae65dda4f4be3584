import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  arrivalAt,
  entriesOf,
  indexFileName,
  type OutputStream,
  outputFileName,
  parseIndex,
} from '#protocol/output-index';

/** Whoever follows a log asks for its end, so the end of the index is tried before more of it. */
const firstBytes = 65_536;
/** Of a longer index only the end is read: the arrival of older lines is then not known. */
const mostBytes = 4_194_304;

type ArrivalOf = (offset: number) => number | null;

/**
 * When the bytes of one stream from `from` on came. What came after the last entry of the index, because sampling has
 * not seen it yet or never did, came no later than its file was last written.
 */
export const arrivalsOf = async (
  directory: string,
  { stream, from }: { stream: OutputStream; from: number },
): Promise<ArrivalOf> => {
  const file = join(directory, indexFileName);
  const unseenAtMs = await lastWrittenAt(join(directory, outputFileName(stream)));
  const newest = await readEnd(file, firstBytes);
  const end = readArrivals(newest, { stream, isWhole: newest.length < firstBytes, unseenAtMs });
  if (end.knownFrom <= from) return end.at;
  const text = await readEnd(file, mostBytes);
  return readArrivals(text, { stream, isWhole: text.length < mostBytes, unseenAtMs }).at;
};

/** The byte of a stream before which all came earlier than `sinceMs`, as far as the end of its index tells; else 0. */
export const offsetSince = async (
  directory: string,
  { stream, sinceMs }: { stream: OutputStream; sinceMs: number },
): Promise<number> => {
  const entries = entriesOf(parseIndex(await readEnd(join(directory, indexFileName), mostBytes)), stream);
  return entries.findLast(({ atMs }) => atMs < sinceMs)?.offset ?? 0;
};

/** Bytes between two entries arrived at the later one; what lies before the first is known only where nothing was cut. */
const readArrivals = (
  text: string,
  { stream, isWhole, unseenAtMs }: { stream: OutputStream; isWhole: boolean; unseenAtMs: number | null },
): { readonly knownFrom: number; readonly at: ArrivalOf } => {
  const entries = entriesOf(parseIndex(text), stream);
  const knownFrom = isWhole ? 0 : (entries[0]?.offset ?? Number.POSITIVE_INFINITY);
  return { knownFrom, at: (offset) => (offset < knownFrom ? null : (arrivalAt(entries, offset) ?? unseenAtMs)) };
};

const lastWrittenAt = async (file: string): Promise<number | null> => {
  try {
    return Math.round((await stat(file)).mtimeMs);
  } catch {
    return null; // not written yet, or archived
  }
};

const readEnd = async (file: string, mostBytesRead: number): Promise<string> => {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch {
    return ''; // nothing of this run was read yet
  }
  try {
    const { size } = await handle.stat();
    const bytes = Math.min(size, mostBytesRead);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, size - bytes);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
};
