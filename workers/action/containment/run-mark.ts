import { randomInt } from 'node:crypto';
import { readProcFile } from '../process-identity.ts';

// Both limits stay between 400000 and 819199: under the kernel's default, so that lowering them needs no privilege, and
// high enough for POSIX message queues to work in the job. shim.sh computes the same pair.
const hardLimits = 219_200;
const softLimits = 200_000;

/** A tag that no other run on this machine is likely to carry: one of 43 billion. */
export const newTag = (): number => randomInt(hardLimits * softLimits);

/** The soft and the hard RLIMIT_MSGQUEUE that stand for a tag; every descendant inherits them. */
export const limitsOf = (tag: number): { readonly soft: number; readonly hard: number } => ({
  soft: 400_000 + (Math.floor(tag / hardLimits) % softLimits),
  hard: 600_000 + (tag % hardLimits),
});

/** Reads /proc/PID/limits, which is quick even while the process forks. */
export const carriesTag = (pid: number, tag: number): boolean => {
  const row = /^Max msgqueue size +(\d+) +(\d+)/m.exec(readProcFile(`/proc/${pid}/limits`) ?? '');
  const { soft, hard } = limitsOf(tag);
  return row !== null && Number(row[1]) === soft && Number(row[2]) === hard;
};

/** Reads /proc/PID/environ, which waits on the memory lock of the process: never ask this of a process that forks. */
export const carriesCookie = (pid: number, tag: number): boolean =>
  `\0${readProcFile(`/proc/${pid}/environ`) ?? ''}`.includes(`\0FLOWFORGE_RUN_TAG=${tag}\0`);
