import { type SignalName, type SignalVector, signalNames, signals } from '#protocol/signals';

/**
 * Signals with no more digits than mean something. They are judged as they are recorded, so that a decision can be made
 * again from the record and comes out the same; and what has few digits takes few bytes.
 */
export const toRecordable = (vector: SignalVector): SignalVector => {
  const rounded: Record<string, number | string> = {};
  for (const name of Object.keys(vector) as SignalName[]) {
    const value = vector[name];
    if (value === undefined) continue;
    const scale = typeof value === 'number' && !Number.isInteger(value) ? scaleOf.get(name) : undefined;
    rounded[name] = scale === undefined ? value : Math.round(Number(value) * scale) / scale;
  }
  return rounded;
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
