/** A value over the last stretch of time; bounded, by keeping at most one reading per step. */
export interface TimeWindow {
  push(monoMs: number, value: number): void;
  /** Change over the window and its length; null before there are two readings at least a second apart. */
  change(): { readonly by: number; readonly overMs: number } | null;
  oldest(): number | null;
  stateBytes(): number;
}

const readingsAtMost = 64;
const leastSpanMs = 1000;

export const createTimeWindow = (spanMs: number): TimeWindow => {
  const stepMs = spanMs / readingsAtMost;
  const readings: { monoMs: number; value: number }[] = [];
  let newest: { monoMs: number; value: number } | null = null;
  return {
    push: (monoMs, value) => {
      newest = { monoMs, value };
      const last = readings.at(-1);
      if (last === undefined || monoMs - last.monoMs >= stepMs) readings.push(newest);
      // One reading older than the window stays: the window begins at it, not after it.
      while (readings[1] !== undefined && readings[1].monoMs <= monoMs - spanMs) readings.shift();
    },
    change: () => {
      const first = readings[0];
      if (first === undefined || newest === null || newest.monoMs - first.monoMs < leastSpanMs) return null;
      return { by: newest.value - first.value, overMs: newest.monoMs - first.monoMs };
    },
    oldest: () => readings[0]?.value ?? null,
    stateBytes: () => 64 + readings.length * 40,
  };
};

/** Units per second over a window; absent from a vector while unknown. */
export const ratePerSecond = (window: TimeWindow): number | null => {
  const change = window.change();
  return change === null ? null : (change.by / change.overMs) * 1000;
};
