import type { Evidence, FindingLevel } from '#protocol/judgement';
import { Episodes, type Sighting } from './episode.ts';
import type { LineHistory } from './line-history.ts';
import { inSeconds, type LineWatch, maskedInL2, type RepetitionNow } from './line-watch.ts';
import { cyclesOf, linesOf, PeriodTracker, type Repetition } from './period-tracker.ts';
import type { SampleShelf } from './sample-shelf.ts';

// With every number masked much looks alike, so a block must hold failure, come 8 times, and last.
const leastCycles = 8;
const leastLines = 40;
const leastSpanMs = 10_000;
const slowestPeriodMs = 60_000;
// A batch may report some hundred bad items in a few seconds (another number each time); a thousand lines are no batch.
const burstLines = 1000;
// One failing template alone, a line a second or slower, is a program that waits for something: ten minutes.
const politeIntervalMs = 900;
const politeSpanMs = 600_000;
// Slower than that it is a service with a fault that somebody should mend, not a program out of hand.
const slowestIntervalMs = 5_000;
// A long block is its own proof: thirty equal templates in a row do not come by chance five times, eight not six times.
const longBlock = { period: 30, cycles: 5 } as const;
const middleBlock = { period: 8, cycles: 6 } as const;

/**
 * Restart, crash and retry loops whose ids and counters change: a block that fails and comes around with every number
 * masked. Numbers moved, which may be progress, so this alone warns and never acts.
 */
export class MaskedBlock implements LineWatch {
  readonly id = 'masked-block';
  private readonly tracker: PeriodTracker;
  private readonly reports: Episodes;

  constructor(history: LineHistory, shelf: SampleShelf) {
    this.tracker = new PeriodTracker(history, 'l2');
    this.reports = new Episodes(this.id, { describe, samples: ({ period }) => shelf.of(history, period) });
  }

  push(history: LineHistory): void {
    this.tracker.push();
    const { best } = this.tracker;
    if (best === null || best.failing === 0 || best.matches < 12) return;
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

  /** Only while the block fails and shows no progress: a counter in lines that do not fail is progress. */
  repetition(): RepetitionNow | null {
    const { best } = this.tracker;
    if (best === null || best.failing === 0 || best.progress > 0) return null;
    return { period: best.period, cycles: cyclesOf(best), lines: linesOf(best), startedAtMs: best.startedAtMs };
  }

  get bytes(): number {
    return this.tracker.bytes + this.reports.bytes;
  }
}

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
  if (progress > 0 || periodMs > slowestPeriodMs || periodMs / period >= slowestIntervalMs || cycles < 3) return null;
  if (period === 1 && periodMs >= politeIntervalMs && spanMs < politeSpanMs) return null;
  const enough = cycles >= cyclesNeeded(period) && lines >= leastLines;
  const lasts = spanMs >= leastSpanMs || lines >= burstLines;
  return enough && lasts ? 'warn' : 'observe';
};

const cyclesNeeded = (period: number): number => {
  if (period >= longBlock.period) return longBlock.cycles;
  return period >= middleBlock.period ? middleBlock.cycles : leastCycles;
};
