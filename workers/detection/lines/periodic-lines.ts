import type { Evidence, FindingLevel } from '#protocol/judgement';
import type { Sighting } from './episode.ts';
import { inSeconds, maskedInL1 } from './line-watch.ts';
import { cyclesOf, linesOf, type Repetition } from './period-tracker.ts';
import { isPatient, lasts, type RepetitionView } from './repeating-lines.ts';

// A failing block: 6 rounds are more than the retries that libraries do by themselves (3 to 5).
const failing = { cycles: 6, lines: 40, slowestPeriodMs: 60_000 } as const;
// A neutral block may be a service at work: twice the rounds, and only when it is fast. Pollers and heartbeats say
// their block every few seconds, at one or two lines a second; a busy loop says three and more.
const neutral = { cycles: 12, lines: 40, slowestPeriodMs: 20_000, linesPerSecond: 2.5 } as const;
// One neutral line alone is what a waiting program prints: a hundred of them.
const singleNeutralLines = 100;
// To act, the same again, for half a minute at least, and nothing at all may have moved.
const actFactor = 2;
const actSpanMs = 30_000;

const describe = (sighting: Sighting, samples: readonly string[]): Evidence => {
  const block = sighting.period === 1 ? 'the same line' : `the same block of ${sighting.period} lines`;
  return {
    summary: `${block} came ${sighting.count} times in ${inSeconds(sighting.atMs - sighting.firstAtMs)} s`,
    samples,
    unit: 'cycles',
    period: sighting.period,
    count: sighting.count,
    firstAtMs: sighting.firstAtMs,
    lastAtMs: sighting.atMs,
    masked: maskedInL1,
    progressLookedFor: ['another line', 'a number that moves', 'a bounded progress figure'],
  };
};

const levelOf = (repetition: Repetition, nowMs: number): FindingLevel | null => {
  const lines = linesOf(repetition);
  const cycles = cyclesOf(repetition);
  const spanMs = nowMs - repetition.startedAtMs;
  const bar = barOf(repetition, lines, spanMs);
  if (bar === null) return null;
  if (cycles < bar.cycles || lines < bar.lines) return cycles >= 3 ? 'observe' : null;
  if (!lasts(lines, spanMs)) return 'observe';
  const isCertain = cycles >= actFactor * bar.cycles && lines >= actFactor * bar.lines && spanMs >= actSpanMs;
  return isCertain ? 'act' : 'warn';
};

const barOf = (repetition: Repetition, lines: number, spanMs: number): { cycles: number; lines: number } | null => {
  const { period } = repetition;
  const periodMs = spanMs / Math.max(1, lines / period - 1);
  if (isPatient(period, periodMs, spanMs)) return null;
  if (repetition.failing > 0) return periodMs > failing.slowestPeriodMs ? null : failing;
  const isFast = lines >= (neutral.linesPerSecond * spanMs) / 1000;
  if (periodMs > neutral.slowestPeriodMs || !isFast) return null;
  return period === 1 ? { cycles: neutral.cycles, lines: singleNeutralLines } : neutral;
};

/** Lines that come around exactly, with any period up to 400. */
export const periodicLines: RepetitionView = {
  id: 'periodic-lines',
  column: 'l1',
  concerns: () => true,
  isBarren: () => true,
  levelOf,
  describe,
};
