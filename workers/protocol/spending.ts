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

/** What was added to a budget, all its extensions together. */
export interface Extra {
  readonly usd: number;
  readonly tokens: number;
}
export const nothingExtra: Extra = { usd: 0, tokens: 0 };

/** As facts and views tell it; facts of dollars alone say nothing of tokens. */
export const extraIn = (told: { readonly extraUsd: number; readonly extraTokens?: number }): Extra => ({
  usd: told.extraUsd,
  tokens: told.extraTokens ?? 0,
});

export const addExtra = (one: Extra, other: Extra): Extra => ({
  usd: one.usd + other.usd,
  tokens: one.tokens + other.tokens,
});

/** Added to a budget of the fleet, until its window ends; all extensions of this window together. */
export interface FleetExtension {
  readonly budget: string;
  readonly extraUsd: number;
  readonly extraTokens: number;
  readonly times: number;
  readonly untilMs: number;
}

/** What lies in the home and is given to each new detection. */
export interface KeptSpending {
  readonly state: SpendingState;
  readonly extensions: readonly FleetExtension[];
}

export const nothingSpent: KeptSpending = { state: { entries: [], runs: [] }, extensions: [] };

const scales = [
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const;

/** As a policy writes it, and exact: `7500k`, not 7.5M or so. */
export const sayTokens = (tokens: number): string => {
  const found = scales.find(([, scale]) => tokens >= scale && tokens % scale === 0);
  return found === undefined ? String(tokens) : `${tokens / found[1]}${found[0]}`;
};

/** `$2.50`, `5M tokens`, or both. */
export const sayExtra = ({ usd, tokens }: Extra): string => {
  const dollars = usd > 0 || tokens === 0 ? [`$${usd.toFixed(2)}`] : [];
  return [...dollars, ...(tokens > 0 ? [`${sayTokens(tokens)} tokens`] : [])].join(' and ');
};
