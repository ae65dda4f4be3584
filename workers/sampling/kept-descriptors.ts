import { closeSync, openSync, readSync } from 'node:fs';

/** Files that are read again and again from their start: kept open, which halves the price of a read from /proc. */
export interface KeptDescriptors {
  /** Bytes read into `buffer`; null when there is nothing to read any more. */
  read(key: number | string, path: string): number | null;
  readonly buffer: Buffer;
  forget(key: number | string): void;
  close(): void;
}

const keptAtMost = 4096;
const nothingThere: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'ENODEV', 'EACCES', 'EPERM', 'ENOTSUP']);
const outOfDescriptors: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** null where a process, or the right to read of it, is gone. */
export const orNull = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch (error) {
    if (!nothingThere.has(codeOf(error))) throw error;
    return null;
  }
};

export const keepDescriptors = (): KeptDescriptors => {
  const kept = new Map<number | string, number>();
  const buffer = Buffer.allocUnsafe(64 * 1024);

  const forget = (key: number | string): void => {
    const descriptor = kept.get(key);
    if (descriptor === undefined) return;
    kept.delete(key);
    closeSync(descriptor);
  };
  const forgetOldest = (count: number): void => {
    for (const key of [...kept.keys()].slice(0, count)) forget(key);
  };
  const open = (path: string): number => {
    try {
      return openSync(path, 'r');
    } catch (error) {
      if (!outOfDescriptors.has(codeOf(error)) || kept.size === 0) throw error;
      forgetOldest(kept.size);
      return openSync(path, 'r');
    }
  };
  const readKept = (key: number | string): number | null => {
    const descriptor = kept.get(key);
    const length = descriptor === undefined ? null : orNull(() => readSync(descriptor, buffer, 0, buffer.length, 0));
    // A kept descriptor belongs to the process it was opened for; the pid may be somebody else's by now.
    if (length === null) forget(key);
    return length;
  };

  return {
    buffer,
    read: (key, path) =>
      readKept(key) ??
      orNull(() => {
        const descriptor = open(path);
        if (kept.size >= keptAtMost) forgetOldest(keptAtMost / 8);
        kept.set(key, descriptor);
        return readKept(key);
      }),
    forget,
    close: () => forgetOldest(kept.size),
  };
};
