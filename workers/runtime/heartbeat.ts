import { readFileSync, readlinkSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

/** Twelve bytes per worker in shared memory: it counts and weighs itself and says which thread it is; the coordinator watches. Works while a message loop is stuck. */
export const createHeartbeats = (workers: number): Int32Array => new Int32Array(new SharedArrayBuffer(12 * workers));

const fields = 3;
const countOf = (index: number): number => fields * index;
const weightOf = (index: number): number => fields * index + 1;
const threadOf = (index: number): number => fields * index + 2;

const bytesPerMb = 1024 * 1024;
/** Beats between two weighings. */
const weighEvery = 10;

/** Counts every `everyMs`, from inside the worker; a blocked loop stops counting. */
export const beat = (beats: Int32Array, index: number, everyMs: number): (() => void) => {
  Atomics.store(beats, threadOf(index), ownThreadId());
  const timer = setInterval(() => {
    if (Atomics.add(beats, countOf(index), 1) % weighEvery === 0)
      Atomics.store(beats, weightOf(index), Math.round(getHeapStatistics().external_memory / bytesPerMb));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
};

/** Tells how long a worker has not counted though it had a core to count on, and what it holds. */
export const createPulse = (beats: Int32Array, index: number, nowMs: number) => {
  let last = Atomics.load(beats, countOf(index));
  let changedAtMs = nowMs;
  let waitedAtChangeMs = 0;
  const waitedMs = (): number => waitedForCoreMs(Atomics.load(beats, threadOf(index)));
  return {
    silentForMs: (atMs: number): number => {
      const seen = Atomics.load(beats, countOf(index));
      if (seen !== last) {
        last = seen;
        changedAtMs = atMs;
        waitedAtChangeMs = waitedMs();
      }
      const silentMs = atMs - changedAtMs;
      // On a crowded machine a thread may stand in line for long. That is not the silence of one that is stuck.
      return silentMs < worthAskingMs ? silentMs : silentMs - Math.max(0, waitedMs() - waitedAtChangeMs);
    },
    /** Buffers of the worker: outside its heap, so that no limit of V8 holds them. */
    bufferMb: (): number => Atomics.load(beats, weightOf(index)),
    reset: (atMs: number): void => {
      changedAtMs = atMs;
      waitedAtChangeMs = waitedMs();
      Atomics.store(beats, weightOf(index), 0);
    },
  };
};

const worthAskingMs = 300;

/** The kernel's number of the calling thread; 0 where it is not told. */
const ownThreadId = (): number => {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return 0; // no /proc: silence is then all there is to go by
  }
};

/** Time that a thread of this process was ready to run and had no core, since its start; 0 where it is not told. */
const waitedForCoreMs = (threadId: number): number => {
  if (threadId === 0) return 0;
  try {
    return Number(readFileSync(`/proc/self/task/${threadId}/schedstat`, 'utf8').split(' ')[1]) / 1e6 || 0;
  } catch {
    return 0; // the thread has just ended
  }
};
