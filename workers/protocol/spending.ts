import type { RunId } from './ids.ts';

/** How a cost is known: the agent said it, we multiplied, or some model has no price and the rest is what is known. */
export const costBases = ['reported', 'computed', 'unpriced'] as const;
export type CostBasis = (typeof costBases)[number];

/** What one run has used up since its start; money in millionths of a dollar. */
export interface Spent {
  readonly micros: number;
  readonly tokens: number;
}

/** Amounts that were spent in the minute (later: the quarter of an hour) that began at `atMs`; `basis` counts in `costBases`. */
export type SpendEntry = readonly [atMs: number, micros: number, tokens: number, basis: number];

/** What all jobs together have spent, and how far each live one had come: plain, so that it outlives every thread. */
export interface SpendingState {
  readonly entries: readonly SpendEntry[];
  readonly runs: readonly (readonly [RunId, number, number])[];
}

/** Dollars added to a budget of the fleet, until its window ends. */
export interface FleetExtension {
  readonly budget: string;
  /** All extensions of this window together. */
  readonly extraUsd: number;
  readonly times: number;
  readonly untilMs: number;
}

/** What lies in the home and is given to each new detection. */
export interface KeptSpending {
  readonly state: SpendingState;
  readonly extensions: readonly FleetExtension[];
}

export const nothingSpent: KeptSpending = { state: { entries: [], runs: [] }, extensions: [] };
