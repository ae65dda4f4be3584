import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isUlid } from '#protocol/ids';
import { tagOfLimits } from '#protocol/run-tag';

/** A live process that carries something that only runs are given, of whatever home. */
export interface MarkedProcess {
  readonly pid: number;
  /** What it calls itself, which holds no secret. */
  readonly command: string;
  /** By its limits, which it inherits whatever it does to its environment, or by the cookie there. */
  readonly tag: number | null;
  /** By its cgroup, which is named after the run. */
  readonly runId: string | null;
}

/** Everybody in /proc who carries a mark; nobody where there is no /proc. */
export const readMarkedProcesses = async (procDir = '/proc'): Promise<readonly MarkedProcess[]> => {
  const pids = (await readdir(procDir).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const read = await Promise.all(pids.map((pid) => readMarks(procDir, Number(pid))));
  return read.flatMap((process) => (process === null ? [] : [process]));
};

const readMarks = async (procDir: string, pid: number): Promise<MarkedProcess | null> => {
  const text = (name: string): Promise<string> => readFile(`${procDir}/${pid}/${name}`, 'latin1').catch(() => ''); // gone, or not ours to read
  const [limits, cgroup] = [await text('limits'), await text('cgroup')];
  // The environment of a process that forks is slow to read: it is asked for only where the limits say nothing.
  const tag = tagInLimits(limits) ?? tagInEnvironment(await text('environ'));
  const runId = cgroup.split('\n').map(runIdOfLine).find(isUlid) ?? null;
  if (tag === null && runId === null) return null;
  const [, command, state, rest = ''] = /^\d+ \((.*)\) (\S) (.*)/s.exec(await text('stat')) ?? [];
  const threads = Number(rest.split(' ', 17)[16]);
  // What the kernel calls a zombie is alive where only its main thread has ended.
  const isDead = state === 'X' || (state === 'Z' && threads <= 1);
  return command === undefined || isDead ? null : { pid, command: `[${command}]`, tag, runId };
};

const tagInLimits = (limits: string): number | null => {
  const row = /^Max msgqueue size +(\d+) +(\d+)/m.exec(limits);
  return row === null ? null : tagOfLimits(Number(row[1]), Number(row[2]));
};

const tagInEnvironment = (environ: string): number | null => {
  const row = /\0FLOWFORGE_RUN_TAG=(\d+)\0/.exec(`\0${environ}\0`);
  return row === null ? null : Number(row[1]);
};

/** Of `0::/flowforge/01J…`. */
const runIdOfLine = (line: string): string => basename(line.slice(line.lastIndexOf(':') + 1));
