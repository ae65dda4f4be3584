import { type Verb, verbs } from '#protocol/judgement';
import { parseDurationMs } from './duration.ts';
import type { RuleEntry } from './policy-schema.ts';

/** A step of a ladder, as far as its strength goes. */
export interface FloorStep {
  readonly verb: Verb;
  readonly afterMs: number;
  readonly onlyIf: string | null;
  /** null where a pause lasts until somebody ends it. */
  readonly resumeAfterMs: number | null;
}

export const stepsOf = (action: RuleEntry['action']): readonly FloorStep[] => {
  const steps = typeof action === 'string' ? [{ do: action }] : [action ?? { do: 'alert' as const }].flat();
  return steps.map((step) => ({
    verb: step.do,
    afterMs: millisecondsOf('after' in step ? step.after : undefined) ?? 0,
    onlyIf: ('if' in step ? step.if : undefined) ?? null,
    resumeAfterMs: millisecondsOf('resume_after' in step ? step.resume_after : undefined),
  }));
};

const millisecondsOf = (text: string | undefined): number | null => (text === undefined ? null : parseDurationMs(text));

/**
 * For each step of the floor there is one at least as strong, no later, and on no other condition; and none that would
 * send the job back to work before the floor has held it.
 */
export const isAsStrong = (own: readonly FloorStep[], floor: readonly FloorStep[]): boolean =>
  floor.every((must) =>
    own.some(
      (step) =>
        isAsHard(step, must) && step.afterMs <= must.afterMs && (step.onlyIf === null || step.onlyIf === must.onlyIf),
    ),
  ) && own.every((step) => !letsGo(step) || floor.some((must) => covers(must, step)) || !floor.some(holds));

const isAsHard = (step: FloorStep, must: FloorStep): boolean => {
  // A restart ends the job and begins it again: where somebody was to be asked, nobody is.
  if (step.verb === 'restart') return must.verb === 'restart' || !holds(must);
  if (must.verb === 'restart') return step.verb === 'stop';
  if (step.verb !== 'pause' || must.verb !== 'pause') return verbs.indexOf(step.verb) >= verbs.indexOf(must.verb);
  return step.resumeAfterMs === null || (must.resumeAfterMs !== null && step.resumeAfterMs >= must.resumeAfterMs);
};

const holds = ({ verb }: FloorStep): boolean => verb === 'pause' || verb === 'stop';

/** After it the job goes on by itself, and the rule with it begins anew. */
const letsGo = ({ verb, resumeAfterMs }: FloorStep): boolean =>
  verb === 'restart' || (verb === 'pause' && resumeAfterMs !== null);

const covers = (must: FloorStep, step: FloorStep): boolean => letsGo(must) && isAsHard(step, must);
