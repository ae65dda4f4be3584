import { type LineBatch, type LineMatches, lineFlag } from '#protocol/observations';
import type { Redactor } from '#redaction/redact';
import { isColumnTitles } from './column-titles.ts';
import { PlaceMemory, placeOf } from './diagnostic-place.ts';
import { LineColumns } from './line-columns.ts';
import { createLineCursor, turnAway } from './line-cursor.ts';
import { LineMatcher, type LinePatterns } from './line-patterns.ts';
import { shapeLine } from './line-shape.ts';
import { maxLineBytes, OpenLine } from './open-line.ts';
import { ShapeMemory } from './shape-memory.ts';
import { sampleOf } from './text-sample.ts';

export type OutputStream = 'stdout' | 'stderr';

/** Reads the time that a line itself tells; null when it tells none. For logs read after the fact. */
export type LineTime = (bytes: Buffer, start: number, end: number) => number | null;

export interface LineTapOptions {
  /** Number of the first line that will be fed, 1 for a new run. */
  readonly firstLine: number;
  readonly redact: Redactor;
  readonly lineTime?: LineTime;
  /** Counted from the first line on; none when left out. */
  readonly patterns?: LinePatterns;
}

/** Turns the bytes of a run's two streams into columns of line shapes. */
export interface LineTap {
  /** Bytes as they arrived; chunks may end anywhere. */
  feed(stream: OutputStream, chunk: Buffer, atMs: number): void;
  /** The lines completed since the last take; null when there are none. */
  take(): LineBatch | null;
  /** The lines that fitted a pattern since the last take. */
  takeMatches(): readonly LineMatches[];
  /** Looks for these from the next line on. */
  usePatterns(patterns: LinePatterns): void;
  /** Makes a line of what is left without a newline. */
  flush(atMs: number): void;
  /** Lines completed so far, the ones before `firstLine` included. */
  readonly lines: number;
  /** Of those, how many wait to be taken. */
  readonly waiting: number;
  /** The newest line that is not blank, redacted, at most 200 bytes. */
  readonly lastLine: string | null;
  /** Rough size of what is kept. */
  readonly stateBytes: number;
}

// Enough for evidence at every tick; making text of each new line would cost more than all the rest. What comes a
// second time is more likely to be asked for than what is merely new.
const samplesPerBatch = 24;
const freshSamplesPerBatch = 6;
const keptTailBytes = 1024;

export const createLineTap = (options: LineTapOptions): LineTap => new Tap(options);

class Tap implements LineTap {
  private readonly cursor = createLineCursor();
  private readonly columns = new LineColumns();
  private readonly memory = new ShapeMemory();
  private readonly places = new PlaceMemory();
  private readonly open = { stdout: new OpenLine(), stderr: new OpenLine() };
  private readonly redrawRows = { stdout: 0, stderr: 0 };
  private readonly redact: Redactor;
  private readonly lineTime: LineTime | null;
  private readonly matcher: LineMatcher;
  private taken: number;
  private atMs = 0;
  /** Its own room, as large as the longest so far: a piece of the common pool would hold all of it. */
  private newest = Buffer.alloc(0);
  private newestLength = 0;
  private newestText: string | null = null;

  constructor(options: LineTapOptions) {
    this.taken = options.firstLine - 1;
    this.redact = options.redact;
    this.lineTime = options.lineTime ?? null;
    this.matcher = new LineMatcher(options.patterns ?? [], options.redact);
  }

  get lines(): number {
    return this.taken + this.columns.count;
  }

  get waiting(): number {
    return this.columns.count;
  }

  get lastLine(): string | null {
    if (this.newestText === null && this.newestLength > 0)
      this.newestText = sampleOf(this.redact, this.newest.subarray(0, this.newestLength));
    return this.newestText;
  }

  get stateBytes(): number {
    return (
      this.columns.bytes +
      this.memory.bytes +
      this.places.bytes +
      this.open.stdout.content().length +
      this.open.stderr.content().length +
      this.newest.length
    );
  }

  feed(stream: OutputStream, chunk: Buffer, atMs: number): void {
    if (this.lineTime === null) this.atMs = atMs;
    else this.atMs = Math.max(this.atMs, atMs);
    const open = this.open[stream];
    let start = 0;
    if (!open.isEmpty) {
      const newline = chunk.indexOf(10);
      open.append(chunk, 0, newline < 0 ? chunk.length : newline);
      if (newline < 0) return;
      this.closeOpen(stream);
      start = newline + 1;
    }
    this.feedWhole(stream, chunk, start);
  }

  take(): LineBatch | null {
    if (this.columns.count === 0) return null;
    const batch = this.columns.take(this.taken + 1);
    this.taken += batch.count;
    return batch;
  }

  takeMatches(): readonly LineMatches[] {
    return this.matcher.take();
  }

  usePatterns(patterns: LinePatterns): void {
    this.matcher.use(patterns);
  }

  flush(atMs: number): void {
    if (this.lineTime === null) this.atMs = atMs;
    if (!this.open.stdout.isEmpty) this.closeOpen('stdout');
    if (!this.open.stderr.isEmpty) this.closeOpen('stderr');
  }

  private feedWhole(stream: OutputStream, chunk: Buffer, from: number): void {
    const { cursor } = this;
    const open = this.open[stream];
    const range = { start: from, end: 0, flags: 0 };
    let newestStart = -1;
    let newestEnd = -1;
    while (range.start < chunk.length) {
      const { start } = range;
      range.end = Math.min(chunk.length, start + maxLineBytes + 1);
      const found = shapeLine(cursor, chunk, range);
      const stop = cursor.at;
      if (!found || cursor.sawReturn) {
        const newline = found ? stop : chunk.indexOf(10, stop);
        open.append(chunk, start, newline < 0 ? chunk.length : newline);
        if (newline < 0) break;
        if (this.closeOpen(stream)) newestStart = -1;
        range.start = newline + 1;
        continue;
      }
      range.end = stop;
      this.note(stream, chunk, range);
      if ((cursor.flags & lineFlag.blank) === 0) {
        newestStart = start;
        newestEnd = stop;
      }
      range.start = stop + 1;
    }
    if (newestStart >= 0) this.keepNewest(chunk, newestStart, newestEnd);
    turnAway(cursor);
  }

  /** @returns whether the line that was closed has text in it. */
  private closeOpen(stream: OutputStream): boolean {
    const open = this.open[stream];
    const line = open.content();
    shapeLine(this.cursor, line, { start: 0, end: line.length });
    this.note(stream, line, {
      start: 0,
      end: line.length,
      flags: (open.isRedraw ? lineFlag.redraw : 0) | (open.isCut ? lineFlag.cut : 0),
    });
    const hasText = (this.cursor.flags & lineFlag.blank) === 0;
    if (hasText) this.keepNewest(line, 0, line.length);
    open.clear();
    return hasText;
  }

  private note(
    stream: OutputStream,
    bytes: Buffer,
    line: { readonly start: number; readonly end: number; readonly flags: number },
  ): void {
    const { cursor, columns } = this;
    if (this.lineTime !== null)
      this.atMs = Math.max(this.atMs, this.lineTime(bytes, line.start, line.end) ?? this.atMs);
    let flags = cursor.flags | line.flags;
    if (stream === 'stderr') flags |= lineFlag.stderr;
    if (cursor.rowsUp > 0) this.redrawRows[stream] = cursor.rowsUp;
    if (this.redrawRows[stream] > 0) {
      this.redrawRows[stream]--;
      flags |= lineFlag.redraw;
    }
    if ((flags & lineFlag.failing) !== 0 && isColumnTitles(bytes, line.start, line.end)) flags &= ~lineFlag.failing;
    if ((flags & lineFlag.failing) !== 0) {
      // A list of diagnostics is work being told: a place not named before brings it forward.
      const place = placeOf(bytes, line.start, line.end);
      if (place !== 0 && this.places.note(place)) flags |= lineFlag.progress;
    }
    if ((flags & lineFlag.blank) === 0) {
      // A counter that moves inside a failing line is no news.
      const shape = (flags & lineFlag.failing) === 0 ? cursor.l1 : cursor.l2;
      const isFresh = this.memory.note(shape);
      if (isFresh) flags |= lineFlag.fresh;
      const room = isFresh ? freshSamplesPerBatch : samplesPerBatch;
      if (columns.sampleCount < room && this.memory.takeSample(shape)) {
        const text = sampleOf(this.redact, bytes.subarray(line.start, Math.min(line.end, line.start + keptTailBytes)));
        columns.addSample({ l1: cursor.l1 >>> 0, l2: cursor.l2 >>> 0, text });
      }
    }
    if (!this.matcher.isIdle) this.matcher.see(bytes.subarray(line.start, line.end), this.atMs);
    columns.push(cursor.l1, cursor.l2, flags, this.atMs);
  }

  private keepNewest(bytes: Buffer, start: number, end: number): void {
    const length = Math.min(end - start, keptTailBytes);
    if (length > this.newest.length) this.newest = Buffer.allocUnsafeSlow(length);
    bytes.copy(this.newest, 0, start, start + length);
    this.newestLength = length;
    this.newestText = null;
  }
}
