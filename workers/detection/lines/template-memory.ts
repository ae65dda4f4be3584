// 8 KB in buckets of two: more templates than most programs have.
const ways = 2;
const fewestBuckets = 32;
const mostBuckets = 1024;

/** Tells templates (L2) that a run has shown lately from those it has not. */
export class TemplateMemory {
  private known = new Uint32Array(fewestBuckets * ways);

  /** @returns whether the template is new. */
  note(template: number): boolean {
    let at = this.bucketOf(template);
    if (this.known[at] === template) return false;
    const isKnown = this.known[at + 1] === template;
    // Grown before anything is forgotten, it forgets what one that was large from the beginning would.
    while (!isKnown && (this.known[at + 1] ?? 0) !== 0 && this.known.length < mostBuckets * ways) {
      this.grow();
      at = this.bucketOf(template);
    }
    this.put(at, template);
    return !isKnown;
  }

  get bytes(): number {
    return this.known.byteLength;
  }

  private bucketOf(template: number): number {
    return (template & (this.known.length / ways - 1)) * ways;
  }

  private put(at: number, template: number): void {
    this.known[at + 1] = this.known[at] ?? 0;
    this.known[at] = template;
  }

  private grow(): void {
    const old = this.known;
    this.known = new Uint32Array(old.length * 2);
    // The newer of a bucket comes first in it, so it is put last.
    for (let at = old.length - 1; at >= 0; at--) {
      const template = old[at] ?? 0;
      if (template !== 0) this.put(this.bucketOf(template), template);
    }
  }
}
