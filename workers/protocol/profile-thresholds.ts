import type { Profile } from './run-spec.ts';

/** What a profile says; a key given by itself wins over the profile. */
export interface Thresholds {
  readonly maxCpuPct: number;
  readonly pollIntervalMs: number;
  readonly logWindowLines: number;
}

export const defaultThresholds: Readonly<Record<Profile, Thresholds>> = {
  light: { maxCpuPct: 30, pollIntervalMs: 1_000, logWindowLines: 10 },
  standard: { maxCpuPct: 60, pollIntervalMs: 500, logWindowLines: 10 },
  heavy: { maxCpuPct: 90, pollIntervalMs: 500, logWindowLines: 20 },
};
