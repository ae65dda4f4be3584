import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What the directory of a run says of its end. */
export type RunEnd =
  /** Nothing was owed any more when its last daemon let go of it; `exit` is null where nobody wrote its code down. */
  | { readonly kind: 'settled'; readonly settledAtMs: number; readonly exit: Exit | null }
  | { readonly kind: 'open' }
  | { readonly kind: 'no-directory' };

interface Exit {
  readonly code: number;
  readonly endedAtMs: number;
}

export const readRunEnd = async (directory: string): Promise<RunEnd> => {
  if ((await timeOf(directory)) === null) return { kind: 'no-directory' };
  const settledAtMs = await timeOf(join(directory, 'settled'));
  return settledAtMs === null ? { kind: 'open' } : { kind: 'settled', settledAtMs, exit: await readExit(directory) };
};

const timeOf = async (file: string): Promise<number | null> => {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    return null; // there is none
  }
};

const readExit = async (directory: string): Promise<Exit | null> => {
  const file = join(directory, 'exit');
  try {
    const { code, endedAtMs } = JSON.parse(await readFile(file, 'utf8')) as Partial<Exit>;
    if (typeof code !== 'number') return null;
    return { code, endedAtMs: endedAtMs ?? Math.floor((await stat(file)).mtimeMs) };
  } catch {
    return null; // its shim died, or the disk was full: nobody knows how it ended
  }
};
