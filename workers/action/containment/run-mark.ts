import { randomInt } from 'node:crypto';
import { tagCount, tagOfLimits } from '#protocol/run-tag';
import { readProcFile } from '../process-identity.ts';

/** A tag that no other run on this machine is likely to carry: one of 43 billion. */
export const newTag = (): number => randomInt(tagCount);

/** Reads /proc/PID/limits, which is quick even while the process forks. */
export const readTag = (pid: number): number | null => {
  const row = /^Max msgqueue size +(\d+) +(\d+)/m.exec(readProcFile(`/proc/${pid}/limits`) ?? '');
  return row === null ? null : tagOfLimits(Number(row[1]), Number(row[2]));
};

export const carriesTag = (pid: number, tag: number): boolean => readTag(pid) === tag;

/** Reads /proc/PID/environ, which waits on the memory lock of the process: never ask this of a process that forks. */
export const readCookie = (pid: number): number | null => {
  const row = /\0FLOWFORGE_RUN_TAG=(\d+)\0/.exec(`\0${readProcFile(`/proc/${pid}/environ`) ?? ''}`);
  return row === null ? null : Number(row[1]);
};
