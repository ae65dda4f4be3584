import type { RuleEvidence } from '#protocol/policy-views';

const fewestVerdicts = 5;
const leastPrecision = 0.9;
const fewestDays = 3;
const dayMs = 86_400_000;

export type Judged = RuleEvidence & {
  /** In its present mode, under its present condition. */
  readonly days: number;
  readonly precision: number | null;
  readonly verdict: 'ready' | 'not ready' | 'inconclusive';
  readonly why: string;
};

/** Whether a rule may be let act, by what happened since it is what it is. What is missing is said. */
export const judgeEvidence = (evidence: RuleEvidence, nowMs: number): Judged => {
  const { sinceMs, right, wrong, mode } = evidence;
  const days = Math.max(0, nowMs - sinceMs) / dayMs;
  const verdicts = right + wrong;
  const precision = verdicts === 0 ? null : right / verdicts;
  const missing = [
    verdicts < fewestVerdicts
      ? `${verdicts} of ${fewestVerdicts} verdicts on its present condition (flowforge ack INCIDENT --right|--wrong)`
      : null,
    days < fewestDays ? `${floored(days)} of ${fewestDays} days in ${mode}` : null,
  ].filter((part) => part !== null);
  const told = { ...evidence, days, precision };
  if (missing.length > 0 || precision === null)
    return { ...told, verdict: 'inconclusive', why: `it has ${missing.join(' and ')}` };
  const percent = `precision ${(precision * 100).toFixed(0)} %`;
  return precision >= leastPrecision
    ? { ...told, verdict: 'ready', why: percent }
    : { ...told, verdict: 'not ready', why: `${percent}, ${leastPrecision * 100} % is the bar` };
};

/** Rounded, 2.96 days would be told as the 3.0 that they are not. */
const floored = (days: number): string => (Math.floor(days * 10) / 10).toFixed(1);

/** One rule that is not ready speaks against all; without one that is ready nothing can be said. */
export const verdictOn = (judged: readonly Judged[]): Judged['verdict'] => {
  if (judged.some(({ verdict }) => verdict === 'not ready')) return 'not ready';
  return judged.length > 0 && judged.every(({ verdict }) => verdict === 'ready') ? 'ready' : 'inconclusive';
};

export const sayJudged = (judged: Judged): string => {
  const { rule, mode, days, fired, firedOtherwise, wouldHaveActed, acted, right, wrong, verdict, why } = judged;
  const counts = `${fired} firings, acted ${acted}, would have acted ${wouldHaveActed}, ${right} right, ${wrong} wrong`;
  const otherwise = firedOtherwise === 0 ? '' : `; ${firedOtherwise} more under another condition do not count`;
  return `${rule}: ${verdict} – ${why} (${floored(days)} days in ${mode}, ${counts}${otherwise})`;
};
