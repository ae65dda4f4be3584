import { type LineBatch, lineFlag } from '#protocol/observations';

/** Longest block of lines whose repetition is looked for: restarts of a service print up to some hundred lines. */
export const longestPeriod = 400;
// A power of two over the longest period.
const room = 512;
export const ringMask = room - 1;

/** The last lines of a run that are worth comparing: blank lines and redraws are left out. */
export class LineHistory {
  private readonly l1s = new Uint32Array(room);
  private readonly l2s = new Uint32Array(room);
  private readonly flagsOf = new Uint8Array(room);
  private readonly times = new Float64Array(room);
  private readonly numbers = new Float64Array(room);
  /** Lines compared so far; the newest has this place minus one. */
  length = 0;

  /** @returns whether the line counts. */
  push(batch: LineBatch, index: number): boolean {
    const flags = batch.flags[index] ?? 0;
    if ((flags & (lineFlag.blank | lineFlag.redraw)) !== 0) return false;
    const at = this.length & ringMask;
    this.l1s[at] = batch.l1[index] ?? 0;
    this.l2s[at] = batch.l2[index] ?? 0;
    this.flagsOf[at] = flags;
    this.times[at] = batch.atMs[index] ?? 0;
    this.numbers[at] = batch.firstLine + index;
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
    return this.numbers[(this.length - 1 - back) & ringMask] ?? 0;
  }

  /** How many lines can be looked back at. */
  get depth(): number {
    return Math.min(this.length, room);
  }

  get bytes(): number {
    return room * (4 + 4 + 1 + 8 + 8);
  }
}
