import { randomInt } from 'node:crypto';
import { limitsOfTag, tagCount } from '#protocol/run-tag';
import { readProcFile } from '../process-identity.ts';

/** A tag that no other run on this machine is likely to carry: one of 43 billion. */
export const newTag = (): number => randomInt(tagCount);

/** Reads /proc/PID/limits, which is quick even while the process forks. */
export const carriesTag = (pid: number, tag: number): boolean => {
  const row = /^Max msgqueue size +(\d+) +(\d+)/m.exec(readProcFile(`/proc/${pid}/limits`) ?? '');
  const { soft, hard } = limitsOfTag(tag);
  return row !== null && Number(row[1]) === soft && Number(row[2]) === hard;
};

/** Reads /proc/PID/environ, which waits on the memory lock of the process: never ask this of a process that forks. */
export const carriesCookie = (pid: number, tag: number): boolean =>
  `\0${readProcFile(`/proc/${pid}/environ`) ?? ''}`.includes(`\0FLOWFORGE_RUN_TAG=${tag}\0`);
