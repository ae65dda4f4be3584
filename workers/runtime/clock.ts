/** Time is handed in, so a spec can move it by hand. */
export interface Clock {
  /** Epoch milliseconds; may jump. For what people read. */
  now(): number;
  /** Milliseconds from an arbitrary start; never jumps. For deadlines, dwell and grace. */
  mono(): number;
  /** Calls back after `delayMs`; the returned function takes it back. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until `advance` moves it; callbacks fall due in order. */
export const createManualClock = (
  startMs = 1_700_000_000_000,
): Clock & { advance(ms: number): void; jump(ms: number): void } => {
  let wallMs = startMs;
  let monoMs = 0;
  let timers: { dueMs: number; callback: () => void }[] = [];
  const advance = (ms: number): void => {
    const end = monoMs + ms;
    for (;;) {
      const next = timers.filter((timer) => timer.dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      timers = timers.filter((timer) => timer !== next);
      wallMs += next.dueMs - monoMs;
      monoMs = next.dueMs;
      next.callback();
    }
    wallMs += end - monoMs;
    monoMs = end;
  };
  return {
    now: () => wallMs,
    mono: () => monoMs,
    after: (delayMs, callback) => {
      const timer = { dueMs: monoMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance,
    jump: (ms) => {
      wallMs += ms;
    },
  };
};
