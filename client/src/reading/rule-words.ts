import type { LadderStep, Rollout } from '#protocol/judgement';
import type { RuleRecord } from '#protocol/policy-views';
import { formatDuration } from './format.ts';

/** `alert, stop after 4s`. */
export const ladderWords = (ladder: readonly LadderStep[]): string =>
  ladder.map(({ verb, afterMs }) => (afterMs === 0 ? verb : `${verb} after ${formatDuration(afterMs)}`)).join(', ');

/** `canary 10 %` where only a share of the jobs is acted on. */
export const modeWords = ({ mode, percent }: Rollout): string => (mode === 'canary' ? `canary ${percent} %` : mode);

/** A rule that people call wrong as often as this ought only to tell. */
const lowestPrecision = 0.8;
const fewestVerdicts = 5;

export const precisionOf = (record: RuleRecord | undefined): number | null => {
  const verdicts = (record?.right ?? 0) + (record?.wrong ?? 0);
  return record === undefined || verdicts === 0 ? null : record.right / verdicts;
};

export const needsDemotion = (record: RuleRecord | undefined): boolean =>
  record !== undefined && record.right + record.wrong >= fewestVerdicts && (precisionOf(record) ?? 1) < lowestPrecision;
