import type { FactBody } from '#protocol/facts';
import type { InterventionId } from '#protocol/ids';
import type { GuardedRun } from './action-state.ts';
import type { ActionThought } from './action-thought.ts';

type Heard<Kind extends ActionThought['kind']> = Extract<ActionThought, { kind: Kind }>;

/** Said before a process is halted: whoever comes back after a crash knows whose doing a frozen tree is, and finishes it. */
export const beginPause = (run: GuardedRun, wish: Heard<'pause-requested'>): readonly FactBody[] => {
  const isHalted = run.halt === null ? run.paused : run.halt.kind === 'pause';
  if (run.over || run.stop !== null || isHalted) return [];
  const { by, byRule = null, reason, resumeAtMs } = wish;
  const interventionId = wish.newId as InterventionId;
  return [{ kind: 'pause-began', runId: run.runId, interventionId, by, byRule, reason, resumeAtMs }];
};

/** Paused is said of a tree that stands still, all of it; who moves on is named, once. */
export const endPause = (
  run: GuardedRun,
  { interventionId, processes, moving }: Heard<'tree-paused'>,
): readonly FactBody[] => {
  if (run.over || run.halt?.kind !== 'pause' || run.halt.interventionId !== interventionId) return [];
  const { by, byRule, reason, isIncomplete } = run.halt;
  const { runId, resumeAtMs } = run;
  if (moving.length > 0) return isIncomplete ? [] : [{ kind: 'pause-incomplete', runId, interventionId, moving }];
  return [{ kind: 'run-paused', runId, interventionId, processes, by, byRule, reason, resumeAtMs }];
};

/** Also of a tree that was found frozen although the record knows of no pause. */
export const beginResume = (run: GuardedRun, wish: Heard<'resume-requested'>): readonly FactBody[] => {
  const isMoving = run.halt === null ? !run.paused && !wish.isFrozen : run.halt.kind === 'resume';
  if (run.over || run.stop !== null || isMoving) return [];
  const { by, reason } = wish;
  return [{ kind: 'resume-began', runId: run.runId, interventionId: wish.newId as InterventionId, by, reason }];
};

export const endResume = (
  run: GuardedRun,
  { interventionId, processes }: Heard<'tree-resumed'>,
): readonly FactBody[] => {
  if (run.over || run.halt?.kind !== 'resume' || run.halt.interventionId !== interventionId) return [];
  const { by, reason } = run.halt;
  return [{ kind: 'run-resumed', runId: run.runId, interventionId, processes, by, reason }];
};
