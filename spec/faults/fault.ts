import type { ContainmentLevel } from '#protocol/run-spec';

/** What a fault left to tell: the figure that the table shows, or why this machine cannot try it. Failing is throwing. */
export type Verdict =
  | { readonly kind: 'held'; readonly figure: string }
  | { readonly kind: 'skipped'; readonly why: string };

export interface FaultSetting {
  readonly level: ContainmentLevel;
  /** The form of at most 90 seconds: fewer rounds, smaller numbers. */
  readonly short: boolean;
}

/** One line of the catalogue. */
export interface Fault {
  /** As in the catalogue: C01, R07, W03, D05. */
  readonly id: string;
  readonly what: string;
  /** Part of the short form. */
  readonly inShort: boolean;
  provoke(setting: FaultSetting): Promise<Verdict>;
}

export const held = (figure: string): Verdict => ({ kind: 'held', figure });
export const skipped = (why: string): Verdict => ({ kind: 'skipped', why });

export const median = (figures: readonly number[]): number => quantile(figures, 0.5);
export const p95 = (figures: readonly number[]): number => quantile(figures, 0.95);

const quantile = (figures: readonly number[], share: number): number => {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
};

/** `37 / 52 / 60 ms`: median, 95th percentile and worst. */
export const spread = (figuresMs: readonly number[]): string =>
  `${[median(figuresMs), p95(figuresMs), Math.max(...figuresMs)].map((ms) => Math.round(ms)).join(' / ')} ms`;
