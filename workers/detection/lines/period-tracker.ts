import { lineFlag } from '#protocol/observations';
import { gram, LineGrams } from './line-grams.ts';
import { type LineHistory, ringMask } from './line-history.ts';

/** Lines that repeat with one period, for as long as every line equals the one `period` lines before. */
export interface Repetition {
  period: number;
  /** Lines that equalled the line one period before. */
  matches: number;
  /** Of those, how many speak of failure, and how many carry a bounded progress figure that moved. */
  failing: number;
  progress: number;
  startedAtMs: number;
  firstLine: number;
}

export const linesOf = (repetition: Repetition): number => repetition.matches + repetition.period;
export const cyclesOf = (repetition: Repetition): number => Math.floor(linesOf(repetition) / repetition.period);

// False candidates (a line that stands twice in a block) die within a few lines; four leave room for the true one.
const candidates = 4;

/**
 * Finds exact repetition with any period up to 400 at a cost per line that does not grow with the period: the place
 * where the last four lines were seen before proposes a period, and a candidate lives while each line agrees.
 */
export class PeriodTracker {
  private readonly grams = new LineGrams();
  private readonly live: Repetition[] = [];
  private readonly history: LineHistory;
  private readonly column: 'l1' | 'l2';
  /** The live repetition that covers most lines. */
  best: Repetition | null = null;

  constructor(history: LineHistory, column: 'l1' | 'l2') {
    this.history = history;
    this.column = column;
  }

  /** Looks at the newest line of the history. */
  push(): void {
    const newest = this.history.length - 1;
    const ring = this.history.ring(this.column);
    if (this.live.length > 0) this.advance(ring, newest);
    const period = this.grams.note(ring, newest);
    if (period > 0) this.propose(period);
  }

  get bytes(): number {
    return this.grams.bytes + candidates * 64;
  }

  private advance(ring: Uint32Array, newest: number): void {
    const { live, history } = this;
    const hash = ring[newest & ringMask] ?? 0;
    const flags = history.flags(0);
    for (let index = live.length - 1; index >= 0; index--) {
      const repetition = live[index];
      if (repetition === undefined) continue;
      if (ring[(newest - repetition.period) & ringMask] !== hash) {
        this.drop(index);
        continue;
      }
      repetition.matches++;
      if ((flags & lineFlag.failing) !== 0) repetition.failing++;
      const isProgress = (flags & lineFlag.progress) !== 0;
      if (isProgress && history.l1(repetition.period) !== history.l1(0)) repetition.progress++;
    }
    this.choose();
  }

  private propose(period: number): void {
    for (const repetition of this.live) if (repetition.period === period) return;
    if (this.live.length === candidates) this.dropWeakest();
    this.live.push(this.begin(this.history, period));
    this.choose();
  }

  private begin(history: LineHistory, period: number): Repetition {
    const back = Math.min(period + gram - 1, history.depth - 1);
    let failing = 0;
    let progress = 0;
    for (let line = 0; line < gram; line++) {
      if ((history.flags(line) & lineFlag.failing) !== 0) failing++;
      const moved = history.l1(line) !== history.l1(line + period);
      if ((history.flags(line) & lineFlag.progress) !== 0 && moved) progress++;
    }
    return { period, matches: gram, failing, progress, startedAtMs: history.atMs(back), firstLine: history.line(back) };
  }

  private dropWeakest(): void {
    let weakest = 0;
    this.live.forEach((repetition, index) => {
      if (repetition.matches < (this.live[weakest]?.matches ?? 0)) weakest = index;
    });
    this.drop(weakest);
  }

  private drop(index: number): void {
    const last = this.live.pop();
    if (last !== undefined && index < this.live.length) this.live[index] = last;
  }

  private choose(): void {
    let best: Repetition | null = null;
    for (const repetition of this.live) {
      // A block of 3 is also one of 6; the shorter is the truth.
      const isBetter =
        best === null ||
        repetition.matches > best.matches + best.period ||
        (repetition.period < best.period && repetition.matches * 2 >= best.matches);
      if (isBetter) best = repetition;
    }
    this.best = best;
  }
}
