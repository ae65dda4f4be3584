/** Whether a floor keeps rising, from the minima of equal stretches of time, oldest first. */
export interface FloorTrend {
  readonly kind: 'flat' | 'rising' | 'steady-rise';
  /** Units per stretch, of the newer half. */
  readonly slope: number;
}

/** Stretches that are judged together. */
export const floorsJudged = 12;

const half = floorsJudged / 2;
// Mann-Kendall at 0.5 %: of 12 floors in random order, one series in two hundred looks like this.
const leastZ = 2.6;
const leastLateTau = 0.6;
// A warm-up of time constant T slows by e^(-half/T); at 0.55 it passes for a leak only while T is longer than 5/6 of all we look at.
const leastLateShare = 0.55;
const leastGrowthShare = 0.2;
// Work in steps stands still between them; a leak moves in nearly every stretch and in none by most of its way.
const steady = { leastRises: 8, mostInOneStretch: 0.4 };
const nearlySteady = { leastRises: 6, mostInOneStretch: 0.45 };

/** @param leastGrowth per stretch: what grows more slowly is no danger within any time worth an alarm. */
export const judgeFloors = (floors: readonly number[], leastGrowth: number): FloorTrend => {
  const flat: FloorTrend = { kind: 'flat', slope: 0 };
  if (floors.length < floorsJudged) return flat;
  const recent = lowerOfNeighbours(floors.slice(-floorsJudged));
  const first = recent[0] ?? 0;
  const grown = (recent.at(-1) ?? 0) - first;
  if (grown <= first * leastGrowthShare || grown <= leastGrowth * (floorsJudged - 1)) return flat;
  if (mannKendallZ(recent) <= leastZ || kendallTau(recent.slice(half)) < leastLateTau) return flat;
  const late = theilSenSlope(recent.slice(half));
  if (late < leastLateShare * theilSenSlope(recent.slice(0, half))) return flat;
  if (isSteady(recent, { grown, ...steady })) return { kind: 'steady-rise', slope: late };
  return isSteady(recent, { grown, ...nearlySteady }) ? { kind: 'rising', slope: late } : flat;
};

/** A collector whose period is near the length of a stretch leaves its saw in the minima; in those of two stretches it does not. */
const lowerOfNeighbours = (floors: readonly number[]): number[] =>
  floors.map((floor, at) => Math.min(floor, floors[at - 1] ?? floor));

const isSteady = (
  floors: readonly number[],
  demand: { grown: number; leastRises: number; mostInOneStretch: number },
): boolean => {
  const steps = floors.slice(1).map((floor, at) => floor - (floors[at] ?? 0));
  const rises = steps.filter((step) => step > demand.grown * 0.01).length;
  // Each step larger than the one before: a leak that feeds itself, whose last step is most of its way.
  const isAccelerating = kendallTau(steps) > 0.6;
  return rises >= demand.leastRises && (isAccelerating || Math.max(...steps) <= demand.mostInOneStretch * demand.grown);
};

const pairSigns = (values: readonly number[]): number => {
  let sum = 0;
  for (let later = 1; later < values.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) sum += Math.sign((values[later] ?? 0) - (values[earlier] ?? 0));
  }
  return sum;
};

const mannKendallZ = (values: readonly number[]): number => {
  const n = values.length;
  const sum = pairSigns(values);
  return (sum - Math.sign(sum)) / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
};

const kendallTau = (values: readonly number[]): number =>
  pairSigns(values) / ((values.length * (values.length - 1)) / 2);

/** The median of the slopes between all pairs: one outlier does not bend it. */
const theilSenSlope = (values: readonly number[]): number => {
  const slopes: number[] = [];
  for (let later = 1; later < values.length; later++) {
    for (let earlier = 0; earlier < later; earlier++)
      slopes.push(((values[later] ?? 0) - (values[earlier] ?? 0)) / (later - earlier));
  }
  slopes.sort((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? 0;
};
