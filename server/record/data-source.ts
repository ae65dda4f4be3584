import 'reflect-metadata';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataSource } from 'typeorm';
import { migrations } from '#migrations/all';
import { entities } from './entities.ts';

interface Pragmas {
  pragma(statement: string): unknown;
}

const common = {
  entities,
  migrations,
  migrationsTransactionMode: 'all' as const,
  synchronize: false,
  logging: false,
};

/**
 * The one connection that writes. A lock held by somebody else is waited for outside of SQLite, because SQLite would
 * block the thread; so its own patience is short.
 */
export const openWriter = async (file: string): Promise<DataSource> => {
  createPrivately(file);
  const source = new DataSource({
    ...common,
    type: 'better-sqlite3',
    database: file,
    timeout: 50,
    enableWAL: true,
    prepareDatabase: (database: Pragmas) => {
      database.pragma('synchronous = FULL');
      // Fewer, larger checkpoints: each syncs the database itself.
      database.pragma('wal_autocheckpoint = 4000');
      database.pragma('journal_size_limit = 67108864');
      database.pragma('cache_size = -8000');
    },
  });
  await source.initialize();
  try {
    await source.runMigrations();
  } catch (cause) {
    await source.destroy();
    throw cause;
  }
  return source;
};

/** Reads while the other writes; cannot change a byte. */
export const openReader = async (file: string): Promise<DataSource> => {
  const source = new DataSource({
    ...common,
    type: 'better-sqlite3',
    database: file,
    readonly: true,
    fileMustExist: true,
    timeout: 500,
    prepareDatabase: (database: Pragmas) => {
      database.pragma('query_only = ON');
    },
  });
  return source.initialize();
};

/** SQLite gives -wal and -shm the mode of the database itself, so a private file makes private companions. */
const createPrivately = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
};
