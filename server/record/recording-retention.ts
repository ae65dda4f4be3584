import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Retention {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

const dayMs = 86_400_000;
export const defaultRetention: Retention = { maxAgeMs: 30 * dayMs, maxBytes: 2 * 1024 ** 3 };

/** Lets go of whole recordings: those that are too old, then the oldest until the rest has room. @returns how many went. */
export const pruneRecordings = (directory: string, nowMs: number, keep: Retention = defaultRetention): number => {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.rec'))
    .flatMap((name) => {
      const file = join(directory, name);
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ file, bytes: found.size, lastMs: found.mtimeMs }];
    })
    .sort((a, b) => b.lastMs - a.lastMs);
  let bytes = 0;
  const gone = files.filter((one) => {
    bytes += one.bytes;
    return nowMs - one.lastMs > keep.maxAgeMs || bytes > keep.maxBytes;
  });
  for (const { file } of gone) rmSync(file, { force: true });
  return gone.length;
};
