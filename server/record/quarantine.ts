import { existsSync, renameSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';

/** What `setAsideIfDamaged` found: a database to go on with (or none yet), or one that was moved out of the way. */
export type Health =
  | { readonly kind: 'sound' }
  | { readonly kind: 'set-aside'; readonly movedTo: string; readonly why: string };

/**
 * SQLite opens a damaged file without complaint and even inserts into it; only `quick_check` tells. A damaged database
 * is kept for whoever wants to look, with its companions, and a new one takes its place.
 */
export const setAsideIfDamaged = (file: string, nowMs: number): Health => {
  if (!existsSync(file) || statSync(file).size === 0) return { kind: 'sound' };
  const why = damageOf(file);
  if (why === null) return { kind: 'sound' };
  const movedTo = `${file}.damaged-${nowMs}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, movedTo + suffix);
  }
  return { kind: 'set-aside', movedTo, why };
};

/** Why a database cannot be gone on with; null where it can. */
export const damageOf = (file: string): string | null => {
  let database: Database.Database | null = null;
  try {
    database = new Database(file, { fileMustExist: true, timeout: 2000 });
    const answer = String(database.pragma('quick_check(1)', { simple: true }));
    return answer === 'ok' ? null : answer;
  } catch (error) {
    if (error instanceof Database.SqliteError && isDamage(error.code)) return error.message;
    throw error;
  } finally {
    database?.close();
  }
};

const isDamage = (code: string): boolean => code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
