import type { LadderStep } from '#protocol/judgement';

export interface LadderProgress {
  /** Since when the rule fires, as a duration. */
  readonly firingForMs: number;
  /** The last step that was taken; -1 before the first. */
  readonly taken: number;
  /** Steps whose `if` does not hold now. */
  readonly heldBack: readonly number[];
}

/** The next step that is due, or null. One that is held back waits, until a later one falls due and overtakes it. */
export const dueStep = (ladder: readonly LadderStep[], progress: LadderProgress): number | null => {
  const next = ladder.findIndex(
    (step, index) =>
      index > progress.taken && step.afterMs <= progress.firingForMs && !progress.heldBack.includes(index),
  );
  return next === -1 ? null : next;
};

/** Milliseconds until the next step falls due, or null when none is left. */
export const untilNextStep = (ladder: readonly LadderStep[], progress: LadderProgress): number | null => {
  const waits = ladder.flatMap((step, index) =>
    index > progress.taken && !progress.heldBack.includes(index)
      ? [Math.max(0, step.afterMs - progress.firingForMs)]
      : [],
  );
  return waits.length === 0 ? null : Math.min(...waits);
};
