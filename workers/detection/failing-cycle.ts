const longestPeriod = 64;
const ringSize = 128;
const fewestLines = 5;

/**
 * Tells whether the newest line belongs to a block of lines that comes round again and again and holds a failure, all
 * numbers left out: then a changing id or counter in it is the loop's own, and no sign that the job moves forward.
 */
export class FailingCycle {
  readonly #shapes = new Uint32Array(ringSize);
  /** For each period, how many lines in a row equal the one that many lines before. */
  readonly #runs = new Uint32Array(longestPeriod + 1);
  #lines = 0;
  #lastFailing = Number.NEGATIVE_INFINITY;

  push(l2: number, failing: boolean): boolean {
    if (failing) this.#lastFailing = this.#lines;
    let period = 0;
    for (let k = Math.min(longestPeriod, this.#lines); k >= 1; k--) {
      const run = this.#shapes[(this.#lines - k) % ringSize] === l2 ? (this.#runs[k] ?? 0) + 1 : 0;
      this.#runs[k] = run;
      if (run >= Math.max(2 * k, fewestLines)) period = k;
    }
    this.#shapes[this.#lines % ringSize] = l2;
    const inCycle = period > 0 && this.#lines - this.#lastFailing < period;
    this.#lines++;
    return inCycle;
  }
}
