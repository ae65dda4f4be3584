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
  let trend: FloorTrend & { readonly perSecond: number } = { kind: 'flat', slope: 0, perSecond: 0 };
  return {
    push: (watchedMs, value) => {
      filledMs += watchedMs;
      if (filledMs >= stretchMs && least !== Number.POSITIVE_INFINITY) {
        floors = [...floors, least].slice(-floorsJudged);
        const judged = judgeFloors(floors, leastGrowth);
        trend = { ...judged, perSecond: (judged.slope / stretchMs) * 1000 };
        least = Number.POSITIVE_INFINITY;
        filledMs %= stretchMs;
      }
      least = Math.min(least, value);
    },
    trend: () => trend,
    stateBytes: () => 96 + floorsJudged * 8,
  };
};
