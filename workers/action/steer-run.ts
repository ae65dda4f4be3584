import { appendFileSync, closeSync, constants, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { setPriority } from 'node:os';
import path from 'node:path';
import type { WatchedRun } from '#protocol/messages';
import { type Boundary, isLiving } from './containment/membership.ts';

/** The label that lets a nudge go to the job's standard input; without it what is piped into a job stays untouched. */
const feedbackLabel = 'flowforge.feedback';

/** Leaves a message where the job can read it, one JSON object a line; and on its input, where it asked for that. */
export const nudgeRun = (run: WatchedRun, message: string, atMs: number): 'file' | 'stdin' => {
  appendFileSync(path.join(run.runDir, 'nudges'), `${JSON.stringify({ atMs, message })}\n`, { mode: 0o600 });
  return run.labels[feedbackLabel] === 'stdin' && sayOnInput(path.join(run.runDir, 'stdin'), message)
    ? 'stdin'
    : 'file';
};

const sayOnInput = (pipe: string, message: string): boolean => {
  if (!existsSync(pipe)) return false;
  try {
    const handle = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      return writeSync(handle, `${message.replaceAll('\n', ' ')}\n`) > 0;
    } finally {
      closeSync(handle);
    }
  } catch {
    return false; // nobody reads it, or it is full: the message is in the file
  }
};

const leastWeight = '10';
const nicest = 19;

export interface Throttled {
  readonly how: 'cpu.weight' | 'nice';
  readonly processes: number;
}

/** Gives way to everything else on this machine, until the run ends: a lower priority cannot be raised again without privileges. */
export const throttleRun = async (run: WatchedRun, boundary: Boundary): Promise<Throttled> => {
  const living = (await boundary.members()).filter(isLiving);
  const { containment } = run;
  if (containment.level === 'cgroup2' && setWeight(path.join(containment.cgroupDir, 'cpu.weight')))
    return { how: 'cpu.weight', processes: living.length };
  return { how: 'nice', processes: living.filter(({ pid }) => setNice(pid)).length };
};

const setWeight = (file: string): boolean => {
  if (!existsSync(file)) return false;
  try {
    writeFileSync(file, leastWeight, { flag: 'r+' });
    return true;
  } catch {
    return false; // the controller is not ours to set: nice is left
  }
};

const setNice = (pid: number): boolean => {
  try {
    setPriority(pid, nicest);
    return true;
  } catch {
    return false; // ended meanwhile
  }
};
