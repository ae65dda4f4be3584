import { readFileSync, readlinkSync } from 'node:fs';

/** What the kernel says of one thread of this process. */
export interface ThreadState {
  /**
   * `waits-for-disk` is a sleep that nothing interrupts; `waits-for-thread` one that another thread of this process ends,
   * and what is taken for one where the kernel does not tell; `in-system-call` is any other.
   */
  readonly state: 'runs' | 'waits-for-disk' | 'waits-for-thread' | 'in-system-call';
  readonly cpuMs: number;
}

/** The kernel's number of the thread that asks; 0 where it cannot be had. */
export const ownThreadId = (): number => {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return 0; // not Linux: silence is then all there is to judge by
  }
};

const msPerTick = 10;

/** null where the system does not tell. */
export const readThreadState = (threadId: number): ThreadState | null => {
  if (threadId === 0) return null;
  try {
    const line = readFileSync(`/proc/self/task/${threadId}/stat`, 'latin1');
    // The name may itself hold brackets and spaces; only the last bracket ends it.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * msPerTick;
    return { state: fields[0] === 'R' ? 'runs' : fields[0] === 'D' ? 'waits-for-disk' : sleepOf(threadId), cpuMs };
  } catch {
    return null; // the thread has ended
  }
};

/** By the name of the kernel function that it sleeps in. */
const sleepOf = (threadId: number): 'waits-for-thread' | 'in-system-call' => {
  try {
    const sleepsIn = readFileSync(`/proc/self/task/${threadId}/wchan`, 'latin1').trim();
    return sleepsIn === '' || sleepsIn === '0' || sleepsIn.startsWith('futex') ? 'waits-for-thread' : 'in-system-call';
  } catch {
    return 'waits-for-thread'; // not told here, or it has ended
  }
};
