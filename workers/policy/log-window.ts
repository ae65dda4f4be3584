interface Bucket {
  readonly atMs: number;
  readonly count: number;
}

/** Longest `within` of a log_match; what is older is forgotten. */
export const longestWindowMs = 24 * 3_600_000;
const mostBuckets = 1024;
/** How far apart, at most, of their age, what is put together may lie: no window is wrong by more at its edge. */
const edgeShare = 1 / 32;

/** How many lines came when, in bounded room: where they come at too many times, neighbours are put together. */
export class LogWindow {
  #buckets: Bucket[] = [];

  add(atMs: number, count: number): void {
    const last = this.#buckets.at(-1);
    if (last !== undefined && atMs <= last.atMs)
      this.#buckets[this.#buckets.length - 1] = { atMs: last.atMs, count: last.count + count };
    else this.#buckets.push({ atMs, count });
    const old = this.#buckets.findIndex((bucket) => bucket.atMs > atMs - longestWindowMs);
    if (old > 0) this.#buckets.splice(0, old);
    if (this.#buckets.length > mostBuckets) this.#buckets = thinned(this.#buckets, atMs);
  }

  /** Of the lines that came later than `afterMs`. */
  since(afterMs: number): { readonly count: number; readonly firstAtMs: number; readonly lastAtMs: number } | null {
    let count = 0;
    let firstAtMs = 0;
    for (let at = this.#buckets.length - 1; at >= 0; at--) {
      const bucket = this.#buckets[at];
      if (bucket === undefined || bucket.atMs <= afterMs) break;
      count += bucket.count;
      firstAtMs = bucket.atMs;
    }
    return count === 0 ? null : { count, firstAtMs, lastAtMs: this.#buckets.at(-1)?.atMs ?? 0 };
  }

  get bytes(): number {
    return this.#buckets.length * 32;
  }
}

/** What is put together counts as of its earliest time, so that a window holds rather too few lines than too many. */
const thinned = (buckets: readonly Bucket[], nowMs: number): Bucket[] => {
  const kept: Bucket[] = [];
  for (const bucket of buckets) {
    const last = kept.at(-1);
    if (last !== undefined && bucket.atMs - last.atMs <= (nowMs - last.atMs) * edgeShare)
      kept[kept.length - 1] = { atMs: last.atMs, count: last.count + bucket.count };
    else kept.push(bucket);
  }
  return kept;
};
