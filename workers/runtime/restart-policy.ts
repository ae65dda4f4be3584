/** How many deaths in how long are too many (OTP: intensity), and how long to wait before each new start. */
export interface RestartIntensity {
  readonly maxDeaths: number;
  readonly windowMs: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export type RestartVerdict =
  | { readonly kind: 'restart'; readonly delayMs: number }
  | { readonly kind: 'give-up'; readonly deaths: number };

/** @param deathsMs monotonic times of earlier deaths and of this one, the newest last. */
export const judgeDeath = (intensity: RestartIntensity, deathsMs: readonly number[]): RestartVerdict => {
  const nowMs = deathsMs.at(-1) ?? 0;
  const recent = deathsMs.filter((atMs) => nowMs - atMs <= intensity.windowMs).length;
  if (recent > intensity.maxDeaths) return { kind: 'give-up', deaths: recent };
  const delayMs = recent <= 1 ? 0 : Math.min(intensity.maxDelayMs, intensity.firstDelayMs * 2 ** (recent - 2));
  return { kind: 'restart', delayMs };
};
