import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import type { ProcessIdentity } from '#protocol/run-spec';

/** One line of the process table, as far as belonging and identity need it. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  readonly startTicks: number;
  /** Dead, only not yet reaped: nothing of it runs. */
  readonly isZombie: boolean;
  readonly isStopped: boolean;
  /** Its main thread has ended, and others run on: what the kernel calls a zombie is none, and `cgroup.kill` misses it. */
  readonly isHeadless: boolean;
  /** Waits in the kernel, where no signal reaches it but the one that kills. */
  readonly isDeaf: boolean;
  /** At most 15 bytes, as the kernel keeps it. */
  readonly name: string;
}

export type SignalOutcome = 'sent' | 'gone' | 'denied';

let bootId: string | null = null;

/** Changes with each boot, so a pid and start time from before a reboot name nobody; none of our threads outlives one. */
export const readBootId = (): string => {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
};

/** The process that has this pid now; null when there is none. */
export const identityOf = (pid: number): ProcessIdentity | null => {
  const stat = readStat(pid);
  return stat && { bootId: readBootId(), pid, startTicks: stat.startTicks };
};

/** True while this very process is in the table, if only as a zombie. */
export const isSame = (identity: ProcessIdentity): boolean => statOf(identity) !== null;

/** True while this very process can still do something. */
export const isAlive = (identity: ProcessIdentity): boolean => statOf(identity)?.isZombie === false;

/** Signals this very process, never a later owner of its pid. */
export const signalProcess = (identity: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome => {
  if (!isAlive(identity)) return 'gone';
  try {
    process.kill(identity.pid, signal);
    return 'sent';
  } catch (cause) {
    return codeOf(cause) === 'EPERM' ? 'denied' : 'gone';
  }
};

export const readStat = (pid: number): ProcessStat | null => {
  const line = readProcFile(`/proc/${pid}/stat`);
  const stat = line === null ? null : parseStat(line);
  return stat?.isHeadless ? { ...stat, isStopped: isBodyStopped(pid) } : stat;
};

const isBodyStopped = (pid: number): boolean =>
  listTasks(pid).every((task) => {
    const stat = parseStat(readProcFile(`/proc/${pid}/task/${task}/stat`) ?? '');
    return task === String(pid) || stat === null || stat.isStopped;
  });

const listTasks = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // gone meanwhile
  }
};

/** Quicker than to read something of it in vain: most of the pids between two are nobody's. */
export const isTaken = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** @returns null for a line that is not one of /proc/PID/stat. */
export const parseStat = (line: string): ProcessStat | null => {
  const open = line.indexOf('(');
  // The name may itself hold brackets and spaces; only the last bracket ends it.
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ', 20);
  const numbers = [line.slice(0, open), fields[1], fields[2], fields[3], fields[17], fields[19]].map(Number);
  const [pid, parentPid, groupId, sessionId, threads, startTicks] = numbers;
  if (open < 0 || pid === undefined || parentPid === undefined || groupId === undefined) return null;
  if (sessionId === undefined || threads === undefined || startTicks === undefined || numbers.some(Number.isNaN))
    return null;
  const state = fields[0] ?? '';
  const isHeadless = state === 'Z' && threads > 1;
  return {
    pid,
    parentPid,
    groupId,
    sessionId,
    startTicks,
    isZombie: (state === 'Z' && !isHeadless) || state === 'X',
    isHeadless,
    isStopped: state === 'T' || state === 't',
    isDeaf: state === 'D',
    name: line.slice(open + 1, close),
  };
};

const scratch = Buffer.alloc(16 * 1024);

/** The first 16 KiB of a file under /proc; null when the process is gone or not ours to look at. */
export const readProcFile = (path: string): string | null => {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    return scratch.toString('latin1', 0, readSync(file, scratch, 0, scratch.length, 0));
  } catch {
    return null; // gone between listing and reading, or not ours: both mean "cannot be read"
  } finally {
    if (file !== null) closeSync(file);
  }
};

export const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';

const statOf = (identity: ProcessIdentity): ProcessStat | null => {
  const stat = readStat(identity.pid);
  if (stat === null || stat.startTicks !== identity.startTicks) return null;
  return identity.bootId === readBootId() ? stat : null;
};
