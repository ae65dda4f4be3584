import type { SpendReading } from '#policy/spend-book';
import type { SignalVector } from '#protocol/signals';
import { costBases } from '#protocol/spending';

/** What the signals of a run say of its spending; null where it has used no tokens. */
export const spendReadingOf = (seen: SignalVector, goesOn: boolean): SpendReading | null => {
  const tokens = Number(seen['tokens.total'] ?? 0);
  if (tokens === 0) return null;
  const microsOf = (name: 'cost.usd' | 'cost.usd_10m'): number => Math.round(Number(seen[name] ?? 0) * 1e6);
  return {
    micros: seen['cost.usd'] === undefined ? null : microsOf('cost.usd'),
    tokens,
    basis: costBases.find((basis) => basis === seen['cost.basis']) ?? 'unpriced',
    burnMicros: microsOf('cost.usd_10m'),
    goesOn,
  };
};
