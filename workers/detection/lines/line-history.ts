import { type LineBatch, lineFlag } from '#protocol/observations';

/** Longest block of lines whose repetition is looked for: restarts of a service print up to some hundred lines. */
export const longestPeriod = 400;
// A power of two over the longest period.
export const ringRoom = 512;
export const ringMask = ringRoom - 1;
/** Many programs say a few lines and no more. */
const smallestRoom = 64;

/** The last lines of a run that are worth comparing: blank lines and redraws are left out. */
export class LineHistory {
  private l1s = new Uint32Array(smallestRoom);
  private l2s = new Uint32Array(smallestRoom);
  private flagsOf = new Uint8Array(smallestRoom);
  private times = new Float64Array(smallestRoom);
  /** The lower half of each line's number: with the newest one's whole number it tells the rest. */
  private numbers = new Uint32Array(smallestRoom);
  private newestLine = 0;
  /** Lines compared so far; the newest has this place minus one. */
  length = 0;

  /** @returns whether the line counts. */
  push(batch: LineBatch, index: number): boolean {
    const flags = batch.flags[index] ?? 0;
    if ((flags & (lineFlag.blank | lineFlag.redraw)) !== 0) return false;
    const at = this.length & ringMask;
    if (at >= this.l1s.length) this.grow();
    this.l1s[at] = batch.l1[index] ?? 0;
    this.l2s[at] = batch.l2[index] ?? 0;
    this.flagsOf[at] = flags;
    this.times[at] = batch.atMs[index] ?? 0;
    this.newestLine = batch.firstLine + index;
    this.numbers[at] = this.newestLine;
    this.length++;
    return true;
  }

  /** The ring of one column, for those who look at every line: the newest line is at `(length - 1) & ringMask`. */
  ring(column: 'l1' | 'l2'): Uint32Array {
    return column === 'l1' ? this.l1s : this.l2s;
  }

  /** Of the line `back` places before the newest; the newest is 0 back. */
  l1(back: number): number {
    return this.l1s[(this.length - 1 - back) & ringMask] ?? 0;
  }
  l2(back: number): number {
    return this.l2s[(this.length - 1 - back) & ringMask] ?? 0;
  }
  flags(back: number): number {
    return this.flagsOf[(this.length - 1 - back) & ringMask] ?? 0;
  }
  atMs(back: number): number {
    return this.times[(this.length - 1 - back) & ringMask] ?? 0;
  }
  line(back: number): number {
    const lower = this.numbers[(this.length - 1 - back) & ringMask] ?? 0;
    return this.newestLine - ((this.newestLine - lower) >>> 0);
  }

  /** How many lines can be looked back at. */
  get depth(): number {
    return Math.min(this.length, ringRoom);
  }

  get bytes(): number {
    return this.l1s.length * (4 + 4 + 1 + 8 + 4);
  }

  /** Until the ring is full no line is overwritten, so each keeps its place. */
  private grow(): void {
    const room = 2 * this.l1s.length;
    const { l1s, l2s, flagsOf, times, numbers } = this;
    this.l1s = new Uint32Array(room);
    this.l2s = new Uint32Array(room);
    this.flagsOf = new Uint8Array(room);
    this.times = new Float64Array(room);
    this.numbers = new Uint32Array(room);
    this.l1s.set(l1s);
    this.l2s.set(l2s);
    this.flagsOf.set(flagsOf);
    this.times.set(times);
    this.numbers.set(numbers);
  }
}
