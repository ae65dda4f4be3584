import { type RunPeaks, suggestedDwellMs, suggestedSignals } from '#policy/suggest-thresholds';
import type { SignalName } from '#protocol/signals';
import { scanRows } from '#record/recording-scan';

export interface PeaksTask {
  readonly name: string;
  readonly file: string;
}

/** One recorded run, on a thread of the pool: for each signal the highest value that it never fell below for the dwell. */
export const peaksOf = ({ name, file }: PeaksTask): RunPeaks => {
  const held = new Map<SignalName, { readonly atMs: number; readonly value: number }[]>();
  const peaks: Partial<Record<SignalName, number>> = {};
  let startedMs: number | null = null;
  for (const { atMs, signals } of scanRows(file, 0)) {
    startedMs ??= atMs;
    for (const signal of suggestedSignals) {
      const value = signals[signal];
      if (typeof value !== 'number') continue;
      const window = held.get(signal) ?? [];
      held.set(signal, window);
      // Rising values only: the first is the least of the window.
      while ((window.at(-1)?.value ?? Number.NEGATIVE_INFINITY) >= value) window.pop();
      window.push({ atMs, value });
      while ((window[0]?.atMs ?? atMs) < atMs - suggestedDwellMs) window.shift();
      const least = window[0]?.value ?? value;
      if (atMs - startedMs >= suggestedDwellMs) peaks[signal] = Math.max(peaks[signal] ?? 0, least);
    }
  }
  return { name, peaks };
};

export default peaksOf;
