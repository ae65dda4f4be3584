/** Four bytes per worker in shared memory: the worker counts, the coordinator watches. Works while a message loop is stuck. */
export const createHeartbeats = (workers: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * workers));

/** Counts every `everyMs`, from inside the worker; a blocked loop stops counting. */
export const beat = (beats: Int32Array, index: number, everyMs: number): (() => void) => {
  const timer = setInterval(() => Atomics.add(beats, index, 1), everyMs);
  timer.unref();
  return () => clearInterval(timer);
};

/** Tells how long a worker has not counted. */
export const createPulse = (beats: Int32Array, index: number, nowMs: number) => {
  let last = Atomics.load(beats, index);
  let changedAtMs = nowMs;
  return {
    silentForMs: (atMs: number): number => {
      const seen = Atomics.load(beats, index);
      if (seen !== last) {
        last = seen;
        changedAtMs = atMs;
      }
      return atMs - changedAtMs;
    },
    reset: (atMs: number): void => {
      changedAtMs = atMs;
    },
  };
};
