// A lock file that two `./flowforge` started together agree on. Its holder touches it; a lock nobody touches is taken over.
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const touchEveryMs = 5_000;
const abandonedAfterMs = 30_000;
const askAgainMs = 200;

export const withLock = async (file, work) => {
  const mine = `${process.pid} ${hostname()} ${Date.now()}\n`;
  for (let asked = 0; !take(file, mine); asked += 1) {
    if (asked === 5) process.stderr.write('flowforge: another flowforge is installing or building; waiting for it\n');
    if (!clearAbandoned(file)) await sleep(askAgainMs);
  }
  const touching = setInterval(() => touch(file), touchEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    if (readOrNull(file) === mine) rmSync(file, { force: true });
  }
};

const take = (file, mine) => {
  try {
    writeFileSync(file, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
};

/** True when the way may be free now. */
const clearAbandoned = (file) => {
  const seen = readOrNull(file);
  if (seen === null) return true;
  if (!isAbandoned(file, seen)) return false;
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    // Between our look and our rename another waiter may have taken over: then what we hold is alive and goes back.
    if (readOrNull(aside) !== seen) linkSync(aside, file);
  } catch {
    /* gone or put back by another waiter: asking again tells */
  }
  rmSync(aside, { force: true });
  return true;
};

const isAbandoned = (file, seen) => {
  const [pid, host] = seen.trim().split(' ');
  if (host === hostname() && pid !== undefined && !isAlive(Number(pid))) return true;
  try {
    return Date.now() - statSync(file).mtimeMs > abandonedAfterMs;
  } catch {
    return false; // gone since we read it: asking again tells
  }
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const touch = (file) => {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    /* somebody removed dist/ while we build: the lock is lost, the work goes on */
  }
};

const readOrNull = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // no lock
  }
};
