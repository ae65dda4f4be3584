import { type Evidence, findingLevels } from '#protocol/judgement';
import type { SignalName } from '#protocol/signals';
import type { Reading } from './reading.ts';

const mostEvidence = 4;

/** What the detectors hold whose signals a rule reads, the surest first; and what would have spoken for the job. */
export const evidenceFor = (
  reads: readonly SignalName[],
  { readings, guard }: { readonly readings: readonly Reading[]; readonly guard: Evidence },
): readonly Evidence[] => {
  const surest = readings
    .filter((reading) => reads.some((name) => reading.signals[name] !== undefined))
    .flatMap((reading) => reading.findings)
    .sort((a, b) => findingLevels.indexOf(b.level) - findingLevels.indexOf(a.level))
    .slice(0, mostEvidence)
    .map((finding) => finding.evidence);
  return reads.includes('progress.age') ? [...surest, guard] : surest;
};
