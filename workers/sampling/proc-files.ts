import { readdirSync, readFileSync, statSync } from 'node:fs';
import { tagOfLimits } from '#protocol/run-tag';
import { keepDescriptors, orNull } from './kept-descriptors.ts';
import { commandOfStat, isDead, isHeadless, type ProcStat, parseProcStat } from './proc-stat.ts';

export interface ProcessIo {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** What the process table asks of the system; a spec hands in processes of its own making. */
export interface ProcFiles {
  readonly bootId: string;
  /** Every pid of the system. */
  pids(): readonly number[];
  /** Pids of a cgroup and of those that the job made below it; empty when it is gone. The kernel does not list zombies. */
  cgroupPids(cgroupDir: string): readonly number[];
  /** null when there is no such process (any more). */
  stat(pid: number): ProcStat | null;
  /** Name of the program that `stat` last read. */
  commandOfLastStat(): string;
  io(pid: number): ProcessIo | null;
  /** Time that the main thread was ready to run and had no core, since its start; null where the kernel does not say. */
  waitedMs(pid: number): number | null;
  /** The tag that a run's processes inherit, read from their RLIMIT_MSGQUEUE. */
  tag(pid: number): number | null;
  openDescriptors(pid: number): number | null;
  /** Lets go of what is kept open for a process, or for a cgroup, that is no longer looked at. */
  forget(pidOrDir: number | string): void;
  close(): void;
}

/** Reads a /proc directory. */
export const openProcFiles = (procDir = '/proc'): ProcFiles => {
  const kept = keepDescriptors();
  const { buffer } = kept;
  let lastStatLength = 0;
  return {
    bootId: orNull(() => readFileSync(`${procDir}/sys/kernel/random/boot_id`, 'latin1').trim()) ?? '',
    pids: () => readdirSync(procDir).flatMap((name) => (isPid(name) ? [Number(name)] : [])),
    cgroupPids: (cgroupDir) => {
      const path = `${cgroupDir}/cgroup.procs`;
      const length = kept.read(cgroupDir, path) ?? 0;
      const own = length < buffer.length ? parsePids(buffer, length) : (orNull(() => readAllPids(path)) ?? []);
      return hasFolders(cgroupDir) ? [...own, ...foldersOf(cgroupDir).flatMap(pidsBelow)] : own;
    },
    stat: (pid) => {
      lastStatLength = kept.read(pid, `${procDir}/${pid}/stat`) ?? 0;
      const stat = parseProcStat(buffer, lastStatLength);
      return stat !== null && isHeadless(stat) ? { ...stat, ...bodyOf(`${procDir}/${pid}/task`, pid) } : stat;
    },
    commandOfLastStat: () => commandOfStat(buffer, lastStatLength),
    io: (pid) => orNull(() => parseIo(readFileSync(`${procDir}/${pid}/io`, 'latin1'))),
    waitedMs: (pid) => orNull(() => parseWaited(readFileSync(`${procDir}/${pid}/schedstat`, 'latin1'))),
    tag: (pid) => orNull(() => parseTag(readFileSync(`${procDir}/${pid}/limits`, 'latin1'))),
    openDescriptors: (pid) =>
      // Since Linux 6.2 the size of the directory is the number of open descriptors; before, it is 0.
      orNull(() => statSync(`${procDir}/${pid}/fd`).size || readdirSync(`${procDir}/${pid}/fd`).length),
    forget: kept.forget,
    close: kept.close,
  };
};

/** What only a thread that still runs can tell of a process whose main thread has ended. */
const bodyOf = (taskDir: string, pid: number): Partial<Pick<ProcStat, 'state' | 'rssPages'>> => {
  for (const task of orNull(() => readdirSync(taskDir)) ?? []) {
    const bytes = task === String(pid) ? null : orNull(() => readFileSync(`${taskDir}/${task}/stat`));
    const stat = bytes === null ? null : parseProcStat(bytes, bytes.length);
    if (stat !== null && !isDead(stat.state)) return { state: stat.state, rssPages: stat.rssPages };
  }
  return {};
};

const parseWaited = (text: string): number | null => {
  const nanoseconds = Number(text.split(' ')[1]);
  return Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : null;
};

const isPid = (name: string): boolean => {
  const first = name.charCodeAt(0);
  return first >= 0x31 && first <= 0x39;
};

const parsePids = (bytes: Uint8Array, length: number): number[] => {
  const pids: number[] = [];
  let pid = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) pid = pid * 10 + byte - 0x30;
    else if (pid > 0) {
      pids.push(pid);
      pid = 0;
    }
  }
  if (pid > 0) pids.push(pid);
  return pids;
};

/** A directory without one has two links: its name, and its own dot. */
const hasFolders = (cgroupDir: string): boolean => (orNull(() => statSync(cgroupDir).nlink) ?? 2) !== 2;

const foldersOf = (cgroupDir: string): readonly string[] =>
  (orNull(() => readdirSync(cgroupDir, { withFileTypes: true })) ?? [])
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${cgroupDir}/${entry.name}`);

/** Processes of a threaded cgroup are on the list of the one above it, and it refuses to tell them again. */
const pidsBelow = (cgroupDir: string): readonly number[] => [
  ...(orNull(() => readAllPids(`${cgroupDir}/cgroup.procs`)) ?? []),
  ...foldersOf(cgroupDir).flatMap(pidsBelow),
];

const readAllPids = (path: string): number[] => {
  const text = readFileSync(path);
  return parsePids(text, text.length);
};

const parseIo = (text: string): ProcessIo => ({
  readBytes: Number(/^read_bytes: (\d+)/m.exec(text)?.[1] ?? 0),
  writtenBytes: Number(/^write_bytes: (\d+)/m.exec(text)?.[1] ?? 0),
});

const parseTag = (text: string): number | null => {
  const [, soft, hard] = /^Max msgqueue size\s+(\d+)\s+(\d+)/m.exec(text) ?? [];
  return soft === undefined || hard === undefined ? null : tagOfLimits(Number(soft), Number(hard));
};
