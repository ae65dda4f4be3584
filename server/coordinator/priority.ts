import { readdirSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { guardPriority } from '#config/guard-priority';

let usual: number | null = null;

/**
 * The guard goes first: where a job forks without end, its fair share is a hundredth of a core, just when it is needed. Threads
 * that start later have it from this one. Where the right to it is missing (it takes root or CAP_SYS_NICE) all stays as it was.
 */
export const goFirst = (): void => {
  const before = getPriority();
  if (usual !== null || before <= guardPriority) return;
  try {
    setPriority(guardPriority);
  } catch {
    return; // not ours to take, which `doctor` says
  }
  usual = before;
  for (const thread of threads()) raise(thread);
  try {
    // Where sessions share the cores among each other, a thread's own priority counts within its session alone.
    writeFileSync('/proc/self/autogroup', String(guardPriority));
  } catch {
    // a kernel without them
  }
};

/** What is spawned by this has the priority that the guard was started with. On Linux each thread has its own, and hands it on. */
export const asUsual = <T>(spawn: () => T): T => {
  if (usual === null) return spawn();
  setPriority(usual);
  try {
    return spawn();
  } finally {
    setPriority(guardPriority);
  }
};

const threads = (): readonly number[] => {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return []; // no /proc: the whole process has one priority
  }
};

const raise = (thread: number): void => {
  try {
    setPriority(thread, guardPriority);
  } catch {
    // it has ended since
  }
};
