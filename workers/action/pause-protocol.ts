import type { Survivor } from '#protocol/facts';
import { type Boundary, describeMembers, isLiving } from './containment/membership.ts';

export type PauseOutcome =
  | { readonly kind: 'paused'; readonly processes: number }
  /** Who moves on, as it calls itself: redact before it is written anywhere. */
  | { readonly kind: 'incomplete'; readonly moving: readonly Survivor[] };

/** Halts the whole tree where it is, within a second. What was halted stays halted if not all of it could be. */
export const pauseTree = async (boundary: Boundary): Promise<PauseOutcome> => {
  const moving = describeMembers((await boundary.freeze()).filter(isLiving));
  if (moving.length > 0) return { kind: 'incomplete', moving: moving.map(({ pid, command }) => ({ pid, command })) };
  return { kind: 'paused', processes: await countLiving(boundary) };
};

/** Lets the tree go on. SIGCONT goes to all, too: some may have been stopped one by one before a fallback. */
export const resumeTree = async (
  boundary: Boundary,
): Promise<{ readonly kind: 'resumed'; readonly processes: number }> => {
  await boundary.thaw();
  await boundary.signal('SIGCONT');
  return { kind: 'resumed', processes: await countLiving(boundary) };
};

const countLiving = async (boundary: Boundary): Promise<number> => (await boundary.members()).filter(isLiving).length;
