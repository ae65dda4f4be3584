import { readSpending, writeSpending } from '#config/spending-file';
import type { FleetExtension, KeptSpending, SpendingState } from '#protocol/spending';

/** Holds what all jobs have spent while detection may die, and puts it into the home. */
export interface SpendingKeeper {
  kept(): KeptSpending;
  /** From detection. */
  heard(state: SpendingState): void;
  /** The extension of a budget of the fleet that is in force now; null where there is none. */
  extension(budget: string, nowMs: number): FleetExtension | null;
  extend(extension: FleetExtension): void;
}

export const createSpendingKeeper = (options: {
  readonly home: string;
  readonly now: () => number;
  readonly log: (level: 'warn', message: string) => void;
}): SpendingKeeper => {
  const { home, log } = options;
  const found = readSpending(home);
  if (found.problem !== null) log('warn', found.problem);
  let kept = found.kept;
  let trouble: string | null = null;

  const keep = (next: KeptSpending): void => {
    kept = { ...next, extensions: next.extensions.filter(({ untilMs }) => untilMs > options.now()) };
    try {
      writeSpending(home, kept);
      trouble = null;
    } catch (cause) {
      const why = `what was spent cannot be kept: ${cause instanceof Error ? cause.message : String(cause)}`;
      if (why !== trouble) log('warn', why);
      trouble = why;
    }
  };
  const extension = (budget: string, nowMs: number): FleetExtension | null =>
    kept.extensions.find((one) => one.budget === budget && one.untilMs > nowMs) ?? null;

  return {
    kept: () => kept,
    heard: (state) => keep({ ...kept, state }),
    extension,
    extend: (one) =>
      keep({ ...kept, extensions: [...kept.extensions.filter(({ budget }) => budget !== one.budget), one] }),
  };
};
