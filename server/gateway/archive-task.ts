import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type ArchiveAsk, type Archived, archiveLogs } from '#record/archive-writer';

/** `refused`: the disk took no more; `code` is that of the system. */
export type ArchiveReply =
  | { readonly kind: 'archived'; readonly archived: Archived }
  | { readonly kind: 'refused'; readonly code: string; readonly why: string };

/** Guarding comes first: on Linux a thread has a priority of its own. */
const stepBack = (): void => {
  try {
    const thread = Number(/\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
    if (Number.isSafeInteger(thread)) setPriority(thread, 10);
  } catch {
    /* no /proc here, or not allowed: it then shares the processor evenly */
  }
};

stepBack();

const diskCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'EACCES']);

/** One piece of archiving, in a pool of one thread. */
export default async (ask: ArchiveAsk): Promise<ArchiveReply> => {
  try {
    return { kind: 'archived', archived: await archiveLogs(ask) };
  } catch (error) {
    // As a value: an error that leaves its thread leaves its code behind.
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!(error instanceof Error) || !diskCodes.has(code)) throw error;
    return { kind: 'refused', code, why: error.message };
  }
};
