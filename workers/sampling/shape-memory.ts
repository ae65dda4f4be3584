// 2-way buckets. 4096 shapes are more than a run of a few hours needs to tell new lines from old ones; 16 KB.
const ways = 2;
const smallest = 256;
const largest = 4096;

/** Which shapes a run has shown lately, in bounded room. The lowest bit of an entry remembers whether it was sampled. */
export class ShapeMemory {
  private entries = new Uint32Array(smallest);
  private held = 0;

  /** Notes a shape. @returns whether it is new here. */
  note(shape: number): boolean {
    const key = shape & ~1;
    const at = this.bucketOf(key);
    if (this.isAt(at, key)) return false;
    if (this.isAt(at + 1, key)) {
      const older = this.entries[at] ?? 0;
      this.entries[at] = this.entries[at + 1] ?? 0;
      this.entries[at + 1] = older;
      return false;
    }
    this.entries[at + 1] = this.entries[at] ?? 0;
    this.entries[at] = key;
    if (++this.held > this.entries.length / 2 && this.entries.length < largest) this.grow();
    return true;
  }

  /** Marks a noted shape as sampled. @returns whether it was not yet. */
  takeSample(shape: number): boolean {
    const key = shape & ~1;
    const at = this.bucketOf(key);
    const place = this.isAt(at, key) ? at : at + 1;
    const entry = this.entries[place] ?? 1;
    if ((entry & 1) === 1) return false;
    this.entries[place] = (entry | 1) >>> 0;
    return true;
  }

  get bytes(): number {
    return this.entries.byteLength;
  }

  private bucketOf(key: number): number {
    return ((key >>> 1) & (this.entries.length / ways - 1)) * ways;
  }

  private isAt(at: number, key: number): boolean {
    const entry = this.entries[at] ?? 0;
    return ((entry ^ key) & ~1) === 0 && entry !== 0;
  }

  private grow(): void {
    const old = this.entries;
    this.entries = new Uint32Array(old.length * 4);
    for (let at = old.length - 1; at >= 0; at--) {
      const entry = old[at] ?? 0;
      if (entry === 0) continue;
      const place = this.bucketOf(entry & ~1);
      this.entries[place + 1] = this.entries[place] ?? 0;
      this.entries[place] = entry;
    }
  }
}
