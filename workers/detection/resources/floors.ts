import { type FloorTrend, floorsJudged, judgeFloors } from './floor-trend.ts';

/** Folds readings into floors: the least of each stretch of watched time. Judged once a stretch, so it costs next to nothing. */
export interface Floors {
  push(watchedMs: number, value: number): void;
  trend(): FloorTrend & { readonly perSecond: number };
  stateBytes(): number;
}

export const createFloors = (stretchMs: number, leastGrowth: number): Floors => {
  let floors: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let filledMs = 0;
  let trend: FloorTrend = { kind: 'flat', slope: 0 };
  return {
    push: (watchedMs, value) => {
      filledMs += watchedMs;
      if (filledMs >= stretchMs && least !== Number.POSITIVE_INFINITY) {
        floors = [...floors, least].slice(-floorsJudged);
        trend = judgeFloors(floors, leastGrowth);
        least = Number.POSITIVE_INFINITY;
        filledMs %= stretchMs;
      }
      least = Math.min(least, value);
    },
    trend: () => ({ ...trend, perSecond: (trend.slope / stretchMs) * 1000 }),
    stateBytes: () => 96 + floorsJudged * 8,
  };
};
