const smallest = 16;

/**
 * The newest of many hashes, up to a bound, as what they are: eight bytes each, where a `Set` takes fifty. They leave in the
 * order in which they came. To ask costs a pass over all of them, so this is for what comes by the second, not for lines.
 */
export class HashRing {
  readonly #bound: number;
  // Not a number is no hash: a place that is free is not found.
  #hashes = new Float64Array();
  #added = 0;

  constructor(bound: number) {
    this.#bound = bound;
  }

  has(hash: number): boolean {
    return this.#hashes.includes(hash);
  }

  /** @returns whether the hash was not among the remembered. */
  add(hash: number): boolean {
    if (this.has(hash)) return false;
    if (this.#added === this.#hashes.length && this.#added < this.#bound) this.#grow();
    this.#hashes[this.#added % this.#hashes.length] = hash;
    this.#added++;
    return true;
  }

  get bytes(): number {
    return this.#hashes.byteLength;
  }

  #grow(): void {
    const old = this.#hashes;
    this.#hashes = new Float64Array(Math.min(this.#bound, Math.max(smallest, old.length * 2))).fill(Number.NaN);
    this.#hashes.set(old);
  }
}
