import { gramOf } from './lines/period-tracker.ts';

// As long as the blocks whose repetition the line detectors look for: a crash prints up to some hundred lines.
const longestPeriod = 400;
const ringSize = 512;
const tableRoom = 512;
const gram = 4;
const candidates = 4;
const fewestLines = 5;

interface Candidate {
  readonly period: number;
  matches: number;
}

/**
 * Tells whether the newest line belongs to a block of lines that comes round again and again and holds a failure, all
 * numbers left out: then a changing id or counter in it is the loop's own, and no sign that the job moves forward.
 */
export class FailingCycle {
  readonly #shapes = new Uint32Array(ringSize);
  readonly #seen = new Uint32Array(tableRoom);
  readonly #seenAt = new Uint32Array(tableRoom);
  #live: Candidate[] = [];
  #lines = 0;
  #lastFailing = Number.NEGATIVE_INFINITY;

  push(l2: number, failing: boolean): boolean {
    if (failing) this.#lastFailing = this.#lines;
    this.#shapes[this.#lines % ringSize] = l2;
    this.#advance(l2);
    this.#propose();
    const period = this.#period();
    const inCycle = period > 0 && this.#lines - this.#lastFailing < period;
    this.#lines++;
    return inCycle;
  }

  /** The block must have come three times: its numbers may be a plan until then. */
  #period(): number {
    let shortest = 0;
    for (const { period, matches } of this.#live)
      if (matches >= Math.max(2 * period, fewestLines) && (shortest === 0 || period < shortest)) shortest = period;
    return shortest;
  }

  #shapeBack(back: number): number {
    return this.#shapes[(this.#lines - back + ringSize) % ringSize] ?? 0;
  }

  #advance(l2: number): void {
    if (this.#live.length === 0) return;
    for (const candidate of this.#live) candidate.matches++;
    this.#live = this.#live.filter(({ period }) => this.#shapeBack(period) === l2);
  }

  /** Where the last four lines were seen before is a period perhaps; it lives while each line agrees. */
  #propose(): void {
    if (this.#lines < gram - 1) return;
    const key = gramOf(this.#shapeBack(0), this.#shapeBack(1), this.#shapeBack(2), this.#shapeBack(3));
    const at = key & (tableRoom - 1);
    const period = this.#seen[at] === key ? this.#lines - (this.#seenAt[at] ?? 0) : 0;
    this.#seen[at] = key;
    this.#seenAt[at] = this.#lines;
    if (period < 1 || period > longestPeriod || this.#live.some((candidate) => candidate.period === period)) return;
    if (this.#live.length === candidates)
      this.#live = this.#live.toSorted((a, b) => b.matches - a.matches).slice(0, -1);
    this.#live.push({ period, matches: gram });
  }
}
