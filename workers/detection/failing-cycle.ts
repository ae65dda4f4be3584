import { gram, LineGrams } from './lines/line-grams.ts';
import { ringMask, ringRoom } from './lines/line-history.ts';

const smallestRing = 64;
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
  /** Grows to the length of the longest block. */
  #shapes = new Uint32Array(smallestRing);
  readonly #grams = new LineGrams();
  #live: Candidate[] = [];
  #lines = 0;
  #lastFailing = Number.NEGATIVE_INFINITY;

  push(l2: number, failing: boolean): boolean {
    if (failing) this.#lastFailing = this.#lines;
    this.#keep(l2);
    this.#advance(l2);
    this.#propose();
    const period = this.#period();
    const inCycle = period > 0 && this.#lines - this.#lastFailing < period;
    this.#lines++;
    return inCycle;
  }

  #keep(l2: number): void {
    const at = this.#lines & ringMask;
    if (at >= this.#shapes.length) {
      const larger = new Uint32Array(Math.min(ringRoom, 2 * this.#shapes.length));
      larger.set(this.#shapes);
      this.#shapes = larger;
    }
    this.#shapes[at] = l2;
  }

  /** The block must have come three times: its numbers may be a plan until then. */
  #period(): number {
    let shortest = 0;
    for (const { period, matches } of this.#live)
      if (matches >= Math.max(2 * period, fewestLines) && (shortest === 0 || period < shortest)) shortest = period;
    return shortest;
  }

  #advance(l2: number): void {
    if (this.#live.length === 0) return;
    for (const candidate of this.#live) candidate.matches++;
    this.#live = this.#live.filter(({ period }) => this.#shapes[(this.#lines - period) & ringMask] === l2);
  }

  /** Where the last four lines were seen before is a period perhaps; it lives while each line agrees. */
  #propose(): void {
    const period = this.#grams.note(this.#shapes, this.#lines);
    if (period === 0 || this.#live.some((candidate) => candidate.period === period)) return;
    if (this.#live.length === candidates)
      this.#live = this.#live.toSorted((a, b) => b.matches - a.matches).slice(0, -1);
    this.#live.push({ period, matches: gram });
  }
}
