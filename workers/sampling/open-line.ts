/** Bytes of a line that are kept; the rest of a longer line is counted, not looked at. */
export const maxLineBytes = 16 * 1024;

/**
 * The unfinished line of one stream. It ends with a newline; a carriage return inside it starts the picture anew, and
 * only the newest picture is kept, so a progress bar of a day costs as much as one line.
 */
export class OpenLine {
  private bytes = Buffer.alloc(0);
  private length = 0;
  private sawReturn = false;
  isRedraw = false;
  isCut = false;

  get isEmpty(): boolean {
    return this.length === 0 && !this.isRedraw && !this.isCut;
  }

  append(chunk: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.sawReturn && chunk[at] !== 13) this.restart();
      const found = chunk.subarray(at, end).indexOf(13);
      const stop = found < 0 ? end : at + found;
      this.keep(chunk, at, stop);
      if (found >= 0) this.sawReturn = true;
      at = found < 0 ? end : stop + 1;
    }
  }

  content(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    this.sawReturn = false;
    this.isRedraw = false;
    this.isCut = false;
    // A quiet stream does not hold on to the room that one long line needed.
    if (this.bytes.length > 1024) this.bytes = Buffer.alloc(0);
  }

  private restart(): void {
    this.sawReturn = false;
    if (this.length === 0) return;
    this.length = 0;
    this.isCut = false;
    this.isRedraw = true;
  }

  private keep(chunk: Buffer, from: number, to: number): void {
    const taken = Math.min(to - from, maxLineBytes - this.length);
    if (taken < to - from) this.isCut = true;
    if (taken <= 0) return;
    if (this.length + taken > this.bytes.length) this.grow(this.length + taken);
    chunk.copy(this.bytes, this.length, from, from + taken);
    this.length += taken;
  }

  private grow(needed: number): void {
    // Not out of the common pool: a few bytes would hold all of it.
    const larger = Buffer.allocUnsafeSlow(Math.min(maxLineBytes, Math.max(256, needed, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
