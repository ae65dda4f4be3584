import type { LineBatch } from '#protocol/observations';

type Sample = LineBatch['samples'][number];
const startingRoom = 256;

/** The columns of the lines that wait to be taken. They grow by doubling and are given away as exact copies. */
export class LineColumns {
  private l1 = new Uint32Array(startingRoom);
  private l2 = new Uint32Array(startingRoom);
  private flags = new Uint8Array(startingRoom);
  private atMs = new Float64Array(startingRoom);
  private samples: Sample[] = [];
  count = 0;

  push(l1: number, l2: number, flags: number, atMs: number): void {
    if (this.count === this.l1.length) this.resize(this.count * 2);
    this.l1[this.count] = l1;
    this.l2[this.count] = l2;
    this.flags[this.count] = flags;
    this.atMs[this.count] = atMs;
    this.count++;
  }

  get sampleCount(): number {
    return this.samples.length;
  }

  addSample(sample: Sample): void {
    this.samples.push(sample);
  }

  take(firstLine: number): LineBatch {
    const count = this.count;
    const batch = {
      count,
      firstLine,
      l1: this.l1.slice(0, count),
      l2: this.l2.slice(0, count),
      flags: this.flags.slice(0, count),
      atMs: this.atMs.slice(0, count),
      samples: this.samples,
    };
    this.samples = [];
    this.count = 0;
    // A burst is over: give its room back, a run is quiet most of the time.
    if (this.l1.length > startingRoom && count < this.l1.length / 8) this.resize(startingRoom);
    return batch;
  }

  get bytes(): number {
    return this.l1.length * (4 + 4 + 1 + 8);
  }

  private resize(room: number): void {
    const { l1, l2, flags, atMs, count } = this;
    this.l1 = new Uint32Array(room);
    this.l2 = new Uint32Array(room);
    this.flags = new Uint8Array(room);
    this.atMs = new Float64Array(room);
    this.l1.set(l1.subarray(0, count));
    this.l2.set(l2.subarray(0, count));
    this.flags.set(flags.subarray(0, count));
    this.atMs.set(atMs.subarray(0, count));
  }
}
