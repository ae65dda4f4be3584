import { createHash } from 'node:crypto';
import { isDestructive, type Rollout, type RolloutMode, rolloutModes, type Verb } from '#protocol/judgement';

export interface RolloutDecision {
  readonly enforced: boolean;
  /** 0-9999; below percent x 100 is inside the canary. */
  readonly bucket: number;
  readonly mode: RolloutMode;
}

/** The same key always falls into the same bucket; another salt draws all buckets anew. */
export const bucketOf = (salt: string, jobKey: string): number =>
  createHash('sha256').update(`${salt}:${jobKey}`).digest().readUInt32BE(0) % 10_000;

/** Only what changes the life of a job is sampled, and hard limits never are. */
export const decideRollout = (
  rollout: Rollout,
  jobKey: string,
  act: { readonly verb: Verb; readonly isLimit: boolean },
): RolloutDecision => {
  const bucket = bucketOf(rollout.salt, jobKey);
  const exempt = act.isLimit || !isDestructive(act.verb);
  return { enforced: exempt || isInside(rollout, bucket), bucket, mode: rollout.mode };
};

const isInside = (rollout: Rollout, bucket: number): boolean =>
  rollout.mode === 'enforce' || (rollout.mode === 'canary' && bucket < rollout.percent * 100);

/** True when `mode` acts more often than `than` does. */
export const isLooser = (mode: RolloutMode, than: RolloutMode): boolean =>
  rolloutModes.indexOf(mode) > rolloutModes.indexOf(than);

/** A rule may be stricter than what it stands in, never looser; what a run was started with may be tighter than both. */
export const tightenRollout = (base: Rollout, own: Partial<Rollout> | null): Rollout => {
  if (own === null) return base;
  const mode = own.mode === undefined || isLooser(own.mode, base.mode) ? base.mode : own.mode;
  const share = own.percent ?? 100;
  const percent = base.mode === 'canary' ? Math.min(base.percent, share) : share;
  return { mode, percent, salt: own.salt ?? base.salt };
};
