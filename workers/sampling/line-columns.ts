import type { LineBatch } from '#protocol/observations';

type Sample = LineBatch['samples'][number];
type Columns = Pick<LineBatch, 'l1' | 'l2' | 'flags' | 'atMs'>;

/** Most programs say a few lines between two looks; 1 KB. */
const startingRoom = 64;
/** From here on columns lie in shared memory, and are lent instead of copied. */
const lentRoom = 4_096;
/** A flood has about as many in flight; what is kept waits for the next one. */
const keptAtMost = 6;
const bytesPerLine = 4 + 4 + 1 + 8;

const kept: SharedArrayBuffer[] = [];

/**
 * The columns of the lines that wait to be taken. They grow by doubling. Few lines are given away as exact copies; many
 * are lent until `giveBack`, because a flood would make copies faster than they are collected.
 */
export class LineColumns implements Columns {
  l1 = new Uint32Array();
  l2 = new Uint32Array();
  flags = new Uint8Array();
  atMs = new Float64Array();
  count = 0;
  private samples: Sample[] = [];
  /** What the batch before needed: the next one grows to it at once. */
  private roomBefore = startingRoom;

  constructor() {
    Object.assign(this, columnsFor(startingRoom));
  }

  push(l1: number, l2: number, flags: number, atMs: number): void {
    if (this.count === this.l1.length) this.resize(Math.max(this.count * 2, this.roomBefore));
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
    const { count, samples } = this;
    const isLent = count >= lentRoom;
    const batch = { count, firstLine, ...partOf(this, { count, isLent }), samples };
    this.samples = [];
    this.count = 0;
    this.roomBefore = this.l1.length;
    if (isLent) Object.assign(this, columnsFor(this.l1.length));
    // A burst gives its room back at once: nobody asks again while a run is quiet, which it is most of the time.
    else if (this.l1.length > startingRoom) this.resize(startingRoom);
    return batch;
  }

  get bytes(): number {
    return this.l1.length * bytesPerLine;
  }

  private resize(room: number): void {
    const { l1, l2, flags, atMs, count } = this;
    Object.assign(this, columnsFor(room));
    this.l1.set(l1.subarray(0, count));
    this.l2.set(l2.subarray(0, count));
    this.flags.set(flags.subarray(0, count));
    this.atMs.set(atMs.subarray(0, count));
    keep(l1);
  }
}

/** Nobody may read the batch any more: its columns are written again. */
export const giveBack = (batch: LineBatch): void => keep(batch.l1);

const keep = ({ buffer }: Uint32Array): void => {
  if (!(buffer instanceof SharedArrayBuffer)) return;
  if (kept.length === keptAtMost) kept.shift();
  kept.push(buffer);
};

const columnsFor = (room: number): Columns => {
  const bytes = room * bytesPerLine;
  if (room < lentRoom) return columnsIn(new ArrayBuffer(bytes));
  const at = kept.findLastIndex((buffer) => buffer.byteLength === bytes);
  const [buffer] = at < 0 ? [] : kept.splice(at, 1);
  return columnsIn(buffer ?? new SharedArrayBuffer(bytes));
};

const columnsIn = (buffer: ArrayBuffer | SharedArrayBuffer): Columns => {
  const room = buffer.byteLength / bytesPerLine;
  return {
    atMs: new Float64Array(buffer, 0, room),
    l1: new Uint32Array(buffer, 8 * room, room),
    l2: new Uint32Array(buffer, 12 * room, room),
    flags: new Uint8Array(buffer, 16 * room, room),
  };
};

const partOf = (
  { l1, l2, flags, atMs }: Columns,
  { count, isLent }: { readonly count: number; readonly isLent: boolean },
): Columns =>
  isLent
    ? {
        l1: l1.subarray(0, count),
        l2: l2.subarray(0, count),
        flags: flags.subarray(0, count),
        atMs: atMs.subarray(0, count),
      }
    : { l1: l1.slice(0, count), l2: l2.slice(0, count), flags: flags.slice(0, count), atMs: atMs.slice(0, count) };
