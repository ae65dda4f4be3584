import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Whoever holds it starts the daemon of a home; the others wait for what comes of it. */
export interface StartLock {
  release(): void;
}

const abandonedAfterMs = 120_000;

/** Null while another command is starting the daemon. A lock whose holder is gone is taken over; two who do so at once do no harm, the lease decides. */
export const takeStartLock = (home: string): StartLock | null => {
  const file = path.join(home, 'daemon.starting');
  const mine = `${process.pid} ${Date.now()}\n`;
  if (!create(file, mine)) {
    if (!isAbandoned(file)) return null;
    rmSync(file, { force: true });
    if (!create(file, mine)) return null;
  }
  return {
    release: () => {
      if (readOrEmpty(file) === mine) rmSync(file, { force: true });
    },
  };
};

const create = (file: string, text: string): boolean => {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
};

const isAbandoned = (file: string): boolean => {
  const pid = Number.parseInt(readOrEmpty(file), 10);
  try {
    if (Date.now() - statSync(file).mtimeMs > abandonedAfterMs) return true;
    // An empty file is one that is being written at this moment.
    if (Number.isNaN(pid)) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
};

const readOrEmpty = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // released meanwhile
  }
};
