/** Seeded pictures of how memory moves: 120 samples, one each 5 seconds, in bytes. */
export interface MemorySeries {
  readonly shape: string;
  readonly samples: readonly number[];
}

const mib = 1024 * 1024;
const count = 120;

export const createRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Random = () => number;
const between = (random: Random, low: number, high: number): number => low + (high - low) * random();
const bell = (random: Random): number => random() + random() + random() + random() - 2;

const series = (shape: string, at: (sample: number) => number, random: Random): MemorySeries => ({
  shape,
  samples: Array.from({ length: count }, (_, sample) => Math.max(mib, at(sample) * (1 + 0.01 * bell(random)))),
});

export const warmUp = (random: Random, slow: boolean): MemorySeries => {
  const base = between(random, 30, 200) * mib;
  const rise = between(random, 100, 2000) * mib;
  const scale = slow ? between(random, 30, 70) : between(random, 4, 25);
  return series(slow ? 'slow warm-up' : 'warm-up', (sample) => base + rise * (1 - Math.exp(-sample / scale)), random);
};

export const stepLoad = (random: Random): MemorySeries => {
  const base = between(random, 50, 300) * mib;
  const steps = Array.from({ length: Math.floor(between(random, 2, 7)) }, () => ({
    at: random() * count,
    rise: between(random, 30, 400) * mib,
  }));
  return series(
    'step load',
    (sample) => base + steps.reduce((sum, step) => sum + (sample >= step.at ? step.rise : 0), 0),
    random,
  );
};

export const loadThenFree = (random: Random): MemorySeries => {
  const base = between(random, 50, 300) * mib;
  const rise = between(random, 100, 900) * mib;
  const top = between(random, 40, 90);
  return series(
    'load then free',
    (sample) => base + rise * (sample < top ? sample / top : Math.max(0, 1 - (sample - top) / 6)),
    random,
  );
};

export const sawtooth = (random: Random): MemorySeries => {
  const base = between(random, 50, 300) * mib;
  const height = between(random, 50, 400) * mib;
  const period = between(random, 3, 9);
  return series('sawtooth', (sample) => base + height * ((sample % period) / period), random);
};

type LeakKind = 'slow' | 'fast' | 'sawtooth' | 'exponential';
export const leakKinds: readonly LeakKind[] = ['slow', 'fast', 'sawtooth', 'exponential'];

export const leak = (random: Random, kind: LeakKind): MemorySeries => {
  const base = between(random, 50, 200) * mib;
  const leastPerSample = { slow: 0.8, fast: 8, sawtooth: 2, exponential: 0 }[kind];
  const perSample = leastPerSample * between(random, 1, 5) * mib;
  const period = between(random, 3, 9);
  const height = between(random, 20, 150) * mib;
  const doubling = between(random, 25, 50);
  return series(
    `${kind} leak`,
    (sample) => {
      if (kind === 'exponential') return base * 2 ** (sample / doubling);
      return base + perSample * sample + (kind === 'sawtooth' ? height * ((sample % period) / period) : 0);
    },
    random,
  );
};
