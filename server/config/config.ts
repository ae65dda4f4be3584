import type { Rollout } from '#protocol/judgement';
import type { PolicySource, Profile, RestartSetting, RunLimits } from '#protocol/run-spec';

export const defaultProfile: Profile = 'standard';

export const defaultGraceMs = 10_000;
export const defaultCanaryPercent = 10;
export const defaultRestarts = 5;
export const defaultPolicyName = 'standard';

/** A run is looked at on ticks, so its interval is a whole number of them. */
export const tickMs = 100;
export const toWholeTicks = (intervalMs: number): number => Math.max(tickMs, Math.round(intervalMs / tickMs) * tickMs);

/** All that configuration decides about a run: every layer is already merged. */
export interface RunSettings {
  readonly profile: Profile;
  readonly limits: RunLimits;
  readonly policy: PolicySource;
  /** null leaves it to the policy. */
  readonly rollout: Rollout | null;
  readonly noKill: boolean;
  readonly restart: RestartSetting;
  readonly model: string | null;
  /** Where each value that is not a default came from. */
  readonly origins: Readonly<Record<string, string>>;
}

/** A setting that cannot be used, told with its place and its fix. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem';
}
