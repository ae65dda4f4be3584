// 8 KB in buckets of two: more templates than most programs have.
const buckets = 1024;

/** Tells templates (L2) that a run has shown lately from those it has not. */
export class TemplateMemory {
  private readonly known = new Uint32Array(buckets * 2);

  /** @returns whether the template is new. */
  note(template: number): boolean {
    const at = (template & (buckets - 1)) * 2;
    const newest = this.known[at] ?? 0;
    if (newest === template) return false;
    const isKnown = this.known[at + 1] === template;
    this.known[at + 1] = newest;
    this.known[at] = template;
    return !isKnown;
  }

  get bytes(): number {
    return this.known.byteLength;
  }
}
