const smallest = 32;
/** No place; so at most 65,535 hashes can be held. */
const none = 0xffff;

/**
 * The newest of many 32-bit hashes, up to a bound; seeing one again makes it the newest. Eleven bytes each, a quarter of what
 * a `Set` takes, and room for no more than came.
 */
export class RecentHashes {
  readonly #bound: number;
  #size = 0;
  #hashes = new Uint32Array(smallest);
  /** By place: the place that was seen next after it, and the one seen last before it. */
  #newer = new Uint16Array(smallest);
  #older = new Uint16Array(smallest);
  #newest = none;
  #oldest = none;
  /** By bucket, of which there is one for two places: its first place; and by place: the next one of its bucket. */
  #first = new Uint16Array(smallest / 2).fill(none);
  #next = new Uint16Array(smallest);

  constructor(bound: number) {
    this.#bound = Math.min(bound, none);
  }

  /** @returns whether the hash was not among the remembered. */
  add(hash: number): boolean {
    if (this.#newest !== none && this.#hashes[this.#newest] === hash) return false; // most lines are like the one before
    const known = this.#placeOf(hash);
    if (known === none) this.#insert(hash);
    else this.#unlink(known);
    if (known !== none) this.#linkAsNewest(known);
    return known === none;
  }

  get bytes(): number {
    return this.#hashes.length * 11;
  }

  #placeOf(hash: number): number {
    let place = this.#first[this.#bucketOf(hash)] ?? none;
    while (place !== none && this.#hashes[place] !== hash) place = this.#next[place] ?? none;
    return place;
  }

  #bucketOf(hash: number): number {
    return (hash ^ (hash >>> 16)) & (this.#first.length - 1);
  }

  #insert(hash: number): void {
    if (this.#size === this.#hashes.length && this.#size < this.#bound) this.#grow();
    const place = this.#size < this.#bound ? this.#size++ : this.#forgetOldest();
    this.#hashes[place] = hash;
    this.#putInBucket(place);
    this.#linkAsNewest(place);
  }

  #putInBucket(place: number): void {
    const bucket = this.#bucketOf(this.#hashes[place] ?? 0);
    this.#next[place] = this.#first[bucket] ?? none;
    this.#first[bucket] = place;
  }

  #linkAsNewest(place: number): void {
    this.#older[place] = this.#newest;
    this.#newer[place] = none;
    if (this.#newest === none) this.#oldest = place;
    else this.#newer[this.#newest] = place;
    this.#newest = place;
  }

  #unlink(place: number): void {
    const newer = this.#newer[place] ?? none;
    const older = this.#older[place] ?? none;
    if (newer === none) this.#newest = older;
    else this.#older[newer] = older;
    if (older === none) this.#oldest = newer;
    else this.#newer[older] = newer;
  }

  /** @returns the place that is free now. */
  #forgetOldest(): number {
    const place = this.#oldest;
    this.#unlink(place);
    const bucket = this.#bucketOf(this.#hashes[place] ?? 0);
    let before = this.#first[bucket] ?? none;
    if (before === place) this.#first[bucket] = this.#next[place] ?? none;
    else {
      while (before !== none && this.#next[before] !== place) before = this.#next[before] ?? none;
      this.#next[before] = this.#next[place] ?? none;
    }
    return place;
  }

  #grow(): void {
    const room = this.#hashes.length * 2;
    this.#hashes = enlarged(this.#hashes, new Uint32Array(room));
    this.#newer = enlarged(this.#newer, new Uint16Array(room));
    this.#older = enlarged(this.#older, new Uint16Array(room));
    this.#next = new Uint16Array(room);
    this.#first = new Uint16Array(room / 2).fill(none);
    for (let place = 0; place < this.#size; place++) this.#putInBucket(place);
  }
}

const enlarged = <Column extends Uint32Array | Uint16Array>(old: Column, larger: Column): Column => {
  larger.set(old);
  return larger;
};
