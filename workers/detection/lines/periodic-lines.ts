import type { Evidence, FindingLevel } from '#protocol/judgement';
import { Episodes, type Sighting } from './episode.ts';
import type { LineHistory } from './line-history.ts';
import { inSeconds, type LineWatch, maskedInL1, type RepetitionNow } from './line-watch.ts';
import { cyclesOf, linesOf, PeriodTracker, type Repetition } from './period-tracker.ts';
import type { SampleShelf } from './sample-shelf.ts';

// Compilers and test runners say the same block in one breath; only what lasts is a loop.
const leastSpanMs = 10_000;
// In less time than that, nothing but sheer mass convinces: batch jobs report some hundred bad items in a row.
const burstLines = 1000;
// A failing block: 6 rounds are more than the retries that libraries do by themselves (3 to 5).
const failing = { cycles: 6, lines: 40, slowestPeriodMs: 60_000 } as const;
// A neutral block may be a service at work: twice the rounds, and only when it is fast. Pollers and heartbeats say
// their block every few seconds, at one or two lines a second; a busy loop says three and more.
const neutral = { cycles: 12, lines: 40, slowestPeriodMs: 20_000, linesPerSecond: 2.5 } as const;
// One neutral line alone is what a waiting program prints: a hundred of them.
const singleNeutralLines = 100;
// One line a second or slower is a program that waits politely for something: ten minutes before a word.
const politeIntervalMs = 900;
const politeSpanMs = 600_000;
// Slower than that it is a service with a fault that somebody should mend, not a program out of hand.
const slowestIntervalMs = 5_000;
// To act, the same again, for half a minute at least, and nothing at all may have moved.
const actFactor = 2;
const actSpanMs = 30_000;

/** Lines that come around exactly, with any period up to 400. */
export class PeriodicLines implements LineWatch {
  readonly id = 'periodic-lines';
  private readonly tracker: PeriodTracker;
  private readonly reports: Episodes;

  constructor(history: LineHistory, shelf: SampleShelf) {
    this.tracker = new PeriodTracker(history, 'l1');
    this.reports = new Episodes(this.id, { describe, samples: ({ period }) => shelf.of(history, period) });
  }

  push(history: LineHistory): void {
    this.tracker.push();
    const { best } = this.tracker;
    if (best === null || best.matches < 12) return;
    const level = levelOf(best, history.atMs(0));
    if (level === null) return;
    this.reports.see({
      level,
      atLine: history.line(0),
      atMs: history.atMs(0),
      count: cyclesOf(best),
      period: best.period,
      firstAtMs: best.startedAtMs,
    });
  }

  open(nowMs: number) {
    return this.reports.open(nowMs);
  }

  episodes() {
    return this.reports.all();
  }

  repetition(): RepetitionNow | null {
    const { best } = this.tracker;
    return best && { period: best.period, cycles: cyclesOf(best), lines: linesOf(best), startedAtMs: best.startedAtMs };
  }

  get bytes(): number {
    return this.tracker.bytes + this.reports.bytes;
  }
}

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
  const lasts = spanMs >= leastSpanMs || lines >= burstLines;
  if (!lasts) return 'observe';
  const isCertain = cycles >= actFactor * bar.cycles && lines >= actFactor * bar.lines && spanMs >= actSpanMs;
  return isCertain ? 'act' : 'warn';
};

const barOf = (repetition: Repetition, lines: number, spanMs: number): { cycles: number; lines: number } | null => {
  const { period } = repetition;
  const periodMs = spanMs / Math.max(1, lines / period - 1);
  if (period === 1 && periodMs >= politeIntervalMs && spanMs < politeSpanMs) return null;
  if (periodMs / period >= slowestIntervalMs) return null;
  if (repetition.failing > 0) return periodMs > failing.slowestPeriodMs ? null : failing;
  const isFast = lines >= (neutral.linesPerSecond * spanMs) / 1000;
  if (periodMs > neutral.slowestPeriodMs || !isFast) return null;
  return period === 1 ? { cycles: neutral.cycles, lines: singleNeutralLines } : neutral;
};
