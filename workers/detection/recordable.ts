import { type SignalVector, signalNames, signals } from '#protocol/signals';

/**
 * Leaves signals no more digits than mean something, in place. They are judged as they are recorded, so that a decision
 * can be made again from the record and comes out the same; and what has few digits takes few bytes.
 */
export const makeRecordable = (vector: Record<string, number | string>): SignalVector => {
  for (const name in vector) {
    const value = vector[name];
    if (typeof value !== 'number' || Number.isInteger(value)) continue;
    const scale = scaleOf.get(name);
    if (scale !== undefined) vector[name] = Math.round(value * scale) / scale;
  }
  return vector;
};

const scales = {
  pct: 10,
  bytes: 1,
  'bytes/s': 1,
  s: 1000,
  count: 1000,
  'count/s': 100,
  usd: 1_000_000,
  ratio: 10_000,
  level: 1,
  text: 1,
} as const;

// Looked up for each signal of each run, some ten thousand times a second.
const scaleOf: ReadonlyMap<string, number> = new Map(signalNames.map((name) => [name, scales[signals[name].unit]]));
