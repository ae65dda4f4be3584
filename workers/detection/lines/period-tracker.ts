import { lineFlag } from '#protocol/observations';
import { type LineHistory, longestPeriod, ringMask } from './line-history.ts';

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

// Four lines together are rarely found twice by chance, and a block that says each line twice still has its own four.
const gram = 4;
const tableRoom = 512;
// False candidates (a line that stands twice in a block) die within a few lines; four leave room for the true one.
const candidates = 4;

/**
 * Finds exact repetition with any period up to 400 at a cost per line that does not grow with the period: the place
 * where the last four lines were seen before proposes a period, and a candidate lives while each line agrees.
 */
export class PeriodTracker {
  private readonly seen = new Uint32Array(tableRoom);
  private readonly seenAt = new Uint32Array(tableRoom);
  private readonly live: Repetition[] = [];
  private readonly history: LineHistory;
  private readonly ring: Uint32Array;
  /** The three lines before the newest. */
  private before1 = 0;
  private before2 = 0;
  private before3 = 0;
  /** The live repetition that covers most lines. */
  best: Repetition | null = null;

  constructor(history: LineHistory, column: 'l1' | 'l2') {
    this.history = history;
    this.ring = history.ring(column);
  }

  /** Looks at the newest line of the history. */
  push(): void {
    const { history, ring, before1, before2, before3 } = this;
    const newest = history.length - 1;
    const hash = ring[newest & ringMask] ?? 0;
    if (this.live.length > 0) this.advance(hash, newest);
    this.before3 = before2;
    this.before2 = before1;
    this.before1 = hash;
    const key = gramOf(hash, before1, before2, before3);
    const at = key & (tableRoom - 1);
    const period = this.seen[at] === key ? history.length - (this.seenAt[at] ?? 0) : 0;
    this.seen[at] = key;
    this.seenAt[at] = history.length;
    if (period >= 1 && period <= longestPeriod && newest >= period + gram - 1) this.propose(period);
  }

  get bytes(): number {
    return tableRoom * (4 + 4) + candidates * 64;
  }

  private advance(hash: number, newest: number): void {
    const { live, history, ring } = this;
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

/** Four lines as one number, in their order. */
export const gramOf = (a: number, b: number, c: number, d: number): number => {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul((hash ^ (hash >>> 15)) + b, 0xc2b2ae35);
  hash = Math.imul((hash ^ (hash >>> 13)) + c, 0x27d4eb2f);
  hash = Math.imul((hash ^ (hash >>> 15)) + d, 0x165667b1);
  return (hash ^ (hash >>> 16)) >>> 0;
};
