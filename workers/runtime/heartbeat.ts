import { getHeapStatistics } from 'node:v8';

/** Eight bytes per worker in shared memory: it counts and weighs itself, the coordinator watches. Works while a message loop is stuck. */
export const createHeartbeats = (workers: number): Int32Array => new Int32Array(new SharedArrayBuffer(8 * workers));

const bytesPerMb = 1024 * 1024;
/** Beats between two weighings. */
const weighEvery = 10;

/** Counts every `everyMs`, from inside the worker; a blocked loop stops counting. */
export const beat = (beats: Int32Array, index: number, everyMs: number): (() => void) => {
  const timer = setInterval(() => {
    if (Atomics.add(beats, 2 * index, 1) % weighEvery === 0)
      Atomics.store(beats, 2 * index + 1, Math.round(getHeapStatistics().external_memory / bytesPerMb));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
};

/** Tells how long a worker has not counted, and what it holds. */
export const createPulse = (beats: Int32Array, index: number, nowMs: number) => {
  let last = Atomics.load(beats, 2 * index);
  let changedAtMs = nowMs;
  return {
    silentForMs: (atMs: number): number => {
      const seen = Atomics.load(beats, 2 * index);
      if (seen !== last) {
        last = seen;
        changedAtMs = atMs;
      }
      return atMs - changedAtMs;
    },
    /** Buffers of the worker: outside its heap, so that no limit of V8 holds them. */
    bufferMb: (): number => Atomics.load(beats, 2 * index + 1),
    reset: (atMs: number): void => {
      changedAtMs = atMs;
      Atomics.store(beats, 2 * index + 1, 0);
    },
  };
};
