/** Finds the shortest block that a stream of tokens repeats at its end, in a few compares per token. */
export class Periods {
  readonly #longest: number;
  // Plain lists: of a few numbers they are a quarter of what typed ones are, and nothing while nothing came.
  readonly #ring: number[] = [];
  /** By period k: how many positions in a row equal the one k before. k·(r-1) of them are r cycles of period k. */
  readonly #runs: number[] = [];
  #seen = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  push(token: number): void {
    const longest = this.#longest;
    for (let period = 1; period <= longest; period++) {
      const isSame = this.#seen >= period && this.#ring[(this.#seen - period) % longest] === token;
      this.#runs[period - 1] = isSame ? (this.#runs[period - 1] ?? 0) + 1 : 0;
    }
    this.#ring[this.#seen % longest] = token;
    this.#seen++;
  }

  /** Shortest period with at least two cycles now, and how often it came around; null when nothing repeats. */
  best(): { readonly period: number; readonly cycles: number } | null {
    for (let period = 1; period <= this.#longest; period++) {
      const run = this.#runs[period - 1] ?? 0;
      if (run >= period) return { period, cycles: Math.floor(run / period) + 1 };
    }
    return null;
  }

  reset(): void {
    this.#runs.fill(0);
    this.#seen = 0;
  }
}
