import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { arrivalAt, entriesOf, indexFileName, type OutputStream, parseIndex } from '#protocol/output-index';

/** Of a longer index only the end is read: the arrival of older lines is then not known. */
const mostBytes = 4_194_304;

/** When each byte of one stream came. */
export const arrivalsOf = async (
  directory: string,
  stream: OutputStream,
): Promise<(offset: number) => number | null> => {
  const text = await readEnd(join(directory, indexFileName));
  const entries = entriesOf(parseIndex(text), stream);
  const isCut = text.length >= mostBytes;
  const known = isCut ? (entries[0]?.offset ?? 0) : 0;
  return (offset) => (offset < known ? null : arrivalAt(entries, offset));
};

const readEnd = async (file: string): Promise<string> => {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch {
    return ''; // nothing of this run was read yet
  }
  try {
    const { size } = await handle.stat();
    const bytes = Math.min(size, mostBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, size - bytes);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
};
