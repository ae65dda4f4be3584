import type { Finding, FindingLevel } from '#protocol/judgement';

export type Verdict = FindingLevel | 'none';

// These look at the same thing, that lines come around, with different eyes; two of them are one sign. One failing line
// that repeats is a flood of failures too.
const repetition: ReadonlySet<string> = new Set(['periodic-lines', 'masked-block', 'similar-cycles', 'failing-flood']);
const signOf = (finding: Finding): string => (repetition.has(finding.detector) ? 'repetition' : finding.detector);
// Signs that are further apart than this speak of different things.
const togetherMs = 120_000;

/**
 * What all findings together say. A hard sign acts alone; a soft one needs a second, independent one that is at least
 * a warning within two minutes. Everything else that is sure of itself warns.
 */
export const verdictOf = (findings: readonly Finding[]): Verdict => {
  const acting = findings.filter((finding) => finding.level === 'act');
  if (acting.some((finding) => finding.hard || findings.some((other) => supports(finding, other)))) return 'act';
  if (acting.length > 0 || findings.some((finding) => finding.level === 'warn')) return 'warn';
  return findings.length > 0 ? 'observe' : 'none';
};

const supports = (finding: Finding, other: Finding): boolean =>
  other.level !== 'observe' &&
  signOf(other) !== signOf(finding) &&
  endOf(other) >= finding.atMs - togetherMs &&
  other.atMs <= endOf(finding) + togetherMs;

const endOf = (finding: Finding): number => finding.evidence.lastAtMs ?? finding.atMs;
