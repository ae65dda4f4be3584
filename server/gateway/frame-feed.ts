import type { Clock } from '#runtime/clock';
import type { Fleet } from './fleet.ts';
import type { Frame, FrameFeed } from './site.ts';

const periodMs = 1000;
/** A changed fold is shown sooner than the next beat, but not once for each of a burst of facts. */
const soonMs = 100;

export interface FrameBeat extends FrameFeed {
  /** New numbers are there: part of the next frame. */
  numbers(): void;
  /** A fold changed: a frame is due soon. */
  folds(): void;
  stop(): void;
}

export const createFrameBeat = (fleet: Fleet, clock: Clock): FrameBeat => {
  const listeners = new Set<(frame: Frame) => void>();
  let due: { readonly atMs: number; readonly cancel: () => void } | null = null;
  let lastMs = Number.NEGATIVE_INFINITY;

  const beat = (): void => {
    due = null;
    lastMs = clock.mono();
    // With nobody looking, changes add up: what comes first to a newcomer is a snapshot anyhow.
    if (listeners.size === 0) return;
    const frame = { atMs: clock.now(), ...fleet.takeChanges() };
    for (const listener of [...listeners]) listener(frame);
  };
  const plan = (delayMs: number): void => {
    const atMs = clock.mono() + delayMs;
    if (due !== null && due.atMs <= atMs) return;
    due?.cancel();
    due = { atMs, cancel: clock.after(delayMs, beat) };
  };
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    numbers: () => plan(Math.max(0, lastMs + periodMs - clock.mono())),
    folds: () => plan(soonMs),
    stop: () => {
      due?.cancel();
      listeners.clear();
    },
  };
};
