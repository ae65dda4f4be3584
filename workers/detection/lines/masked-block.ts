import type { Evidence, FindingLevel } from '#protocol/judgement';
import type { Sighting } from './episode.ts';
import { inSeconds, maskedInL2 } from './line-watch.ts';
import { cyclesOf, linesOf, type Repetition } from './period-tracker.ts';
import { isPatient, lasts, type RepetitionView } from './repeating-lines.ts';

// With every number masked much looks alike, so a block must hold failure, come 8 times, and last.
const leastCycles = 8;
const leastLines = 40;
const slowestPeriodMs = 60_000;
// A long block is its own proof: thirty equal templates in a row do not come by chance five times, eight not six times.
const longBlock = { period: 30, cycles: 5 } as const;
const middleBlock = { period: 8, cycles: 6 } as const;

const describe = (sighting: Sighting, samples: readonly string[]): Evidence => {
  const block = sighting.period === 1 ? 'a failing line' : `a failing block of ${sighting.period} lines`;
  return {
    summary: `${block} came ${sighting.count} times in ${inSeconds(sighting.atMs - sighting.firstAtMs)} s; only numbers and ids changed`,
    samples,
    unit: 'cycles',
    period: sighting.period,
    count: sighting.count,
    firstAtMs: sighting.firstAtMs,
    lastAtMs: sighting.atMs,
    masked: maskedInL2,
    progressLookedFor: ['another template', 'a bounded progress figure that moves'],
  };
};

const levelOf = (repetition: Repetition, nowMs: number): FindingLevel | null => {
  const { period, progress } = repetition;
  const lines = linesOf(repetition);
  const cycles = cyclesOf(repetition);
  const spanMs = nowMs - repetition.startedAtMs;
  const periodMs = spanMs / Math.max(1, lines / period - 1);
  if (progress > 0 || periodMs > slowestPeriodMs || cycles < 3 || isPatient(period, periodMs, spanMs)) return null;
  const enough = cycles >= cyclesNeeded(period) && lines >= leastLines;
  return enough && lasts(lines, spanMs) ? 'warn' : 'observe';
};

const cyclesNeeded = (period: number): number => {
  if (period >= longBlock.period) return longBlock.cycles;
  return period >= middleBlock.period ? middleBlock.cycles : leastCycles;
};

/**
 * Restart, crash and retry loops whose ids and counters change: a block that fails and comes around with every number
 * masked. Numbers moved, which may be progress, so this alone warns and never acts.
 */
export const maskedBlock: RepetitionView = {
  id: 'masked-block',
  column: 'l2',
  concerns: (repetition) => repetition.failing > 0,
  // A counter in lines that do not fail is progress.
  isBarren: (repetition) => repetition.progress === 0,
  levelOf,
  describe,
};
