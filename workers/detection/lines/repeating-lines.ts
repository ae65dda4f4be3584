import type { Evidence, FindingLevel } from '#protocol/judgement';
import { Episodes, type Sighting } from './episode.ts';
import type { LineHistory } from './line-history.ts';
import type { LineWatch, RepetitionNow } from './line-watch.ts';
import { cyclesOf, linesOf, PeriodTracker, type Repetition } from './period-tracker.ts';
import type { SampleShelf } from './sample-shelf.ts';

/** One way of judging lines that come around. */
export interface RepetitionView {
  readonly id: string;
  /** By which of the two shapes lines are compared. */
  readonly column: 'l1' | 'l2';
  /** Whether a repetition of this kind is this view's business at all. */
  concerns(repetition: Repetition): boolean;
  /** Whether nothing in it moves forward. */
  isBarren(repetition: Repetition): boolean;
  levelOf(repetition: Repetition, nowMs: number): FindingLevel | null;
  describe(sighting: Sighting, samples: readonly string[]): Evidence;
}

// Three rounds of the shortest block that anybody would call one.
const fewestMatches = 12;
// Compilers and test runners say the same block in one breath, batch jobs report some hundred bad items in a row: only
// what lasts is a loop, or sheer mass.
const leastSpanMs = 10_000;
const burstLines = 1000;
// One line a second or slower is a program that waits politely for something: ten minutes before a word.
const politeIntervalMs = 900;
const politeSpanMs = 600_000;
// Slower than that it is a service with a fault that somebody should mend, not a program out of hand.
const slowestIntervalMs = 5_000;

export const lasts = (lines: number, spanMs: number): boolean => spanMs >= leastSpanMs || lines >= burstLines;

/** Too slow to be out of hand: long between any two lines, or a single line that comes politely. */
export const isPatient = (period: number, periodMs: number, spanMs: number): boolean =>
  periodMs / period >= slowestIntervalMs || (period === 1 && periodMs >= politeIntervalMs && spanMs < politeSpanMs);

/** Lines that come around with one period, as one view sees them. */
export class RepeatingLines implements LineWatch {
  readonly id: string;
  private readonly view: RepetitionView;
  private readonly tracker: PeriodTracker;
  private readonly reports: Episodes;

  constructor(view: RepetitionView, history: LineHistory, shelf: SampleShelf) {
    this.id = view.id;
    this.view = view;
    this.tracker = new PeriodTracker(history, view.column);
    const samples = ({ period }: Sighting): readonly string[] => shelf.of(history, period);
    this.reports = new Episodes(view.id, { describe: view.describe, samples });
  }

  push(history: LineHistory): void {
    this.tracker.push();
    const { best } = this.tracker;
    if (best === null || best.matches < fewestMatches || !this.view.concerns(best)) return;
    const level = this.view.levelOf(best, history.atMs(0));
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
    if (best === null || !this.view.concerns(best) || !this.view.isBarren(best)) return null;
    return { period: best.period, cycles: cyclesOf(best), lines: linesOf(best), startedAtMs: best.startedAtMs };
  }

  get bytes(): number {
    return this.tracker.bytes + this.reports.bytes;
  }
}
