import { availableParallelism, loadavg } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { ownThreadId, readThreadState, type ThreadState } from './thread-state.ts';

/** Three numbers per worker in shared memory: its count, its weight, its thread. Works while a message loop is stuck. */
export const createHeartbeats = (workers: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer(numbersPerWorker * Int32Array.BYTES_PER_ELEMENT * workers));

const numbersPerWorker = 3;
const bytesPerMb = 1024 * 1024;
/** Beats between two weighings. */
const weighEvery = 10;

/** Counts every `everyMs`, from inside the worker; a blocked loop stops counting. */
export const beat = (beats: Int32Array, index: number, everyMs: number): (() => void) => {
  const at = numbersPerWorker * index;
  Atomics.store(beats, at + 2, ownThreadId());
  const timer = setInterval(() => {
    if (Atomics.add(beats, at, 1) % weighEvery === 0)
      Atomics.store(beats, at + 1, Math.round(getHeapStatistics().external_memory / bytesPerMb));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
};

/** A silence this long is looked into. */
const suspectAfterMs = 200;
/** A thread that got less of a core than this while it was silent was starved, not stuck. */
const starvedBelowShare = 0.5;
/** Excuses end here: nobody is watched meanwhile. */
const excusedForMs = 10_000;

const isOvercommitted = (): boolean => (loadavg()[0] ?? 0) > 2 * availableParallelism();

/** Tells how long a worker has not counted without an excuse, and what it holds. */
export const createPulse = (beats: Int32Array, index: number, nowMs: number) => {
  const at = numbersPerWorker * index;
  let last = Atomics.load(beats, at);
  let changedAtMs = nowMs;
  let suspect: { readonly atMs: number; readonly thread: ThreadState } | null = null;

  const isExcused = (atMs: number): boolean => {
    const thread = readThreadState(Atomics.load(beats, at + 2));
    if (thread === null || atMs - changedAtMs > excusedForMs) return false;
    suspect ??= { atMs, thread };
    if (thread.state === 'waits-for-disk') return true;
    if (thread.state === 'in-system-call') return false;
    // It may wait for a helper thread that gets no core.
    if (thread.state === 'waits-for-thread') return isOvercommitted();
    const passedMs = atMs - suspect.atMs;
    return thread.cpuMs - suspect.thread.cpuMs < passedMs * starvedBelowShare;
  };

  return {
    silentForMs: (atMs: number): number => {
      const seen = Atomics.load(beats, at);
      if (seen !== last) {
        last = seen;
        changedAtMs = atMs;
        suspect = null;
      }
      const silentMs = atMs - changedAtMs;
      return silentMs > suspectAfterMs && isExcused(atMs) ? 0 : silentMs;
    },
    /** It was not silent for long just now, whether or not that was excused. */
    isHeard: (atMs: number): boolean => atMs - changedAtMs <= suspectAfterMs,
    /** Buffers of the worker: outside its heap, so that no limit of V8 holds them. */
    bufferMb: (): number => Atomics.load(beats, at + 1),
    reset: (atMs: number): void => {
      changedAtMs = atMs;
      suspect = null;
      Atomics.store(beats, at + 1, 0);
    },
  };
};
