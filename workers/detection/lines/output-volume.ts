import type { Evidence, FindingLevel } from '#protocol/judgement';
import { type LineBatch, lineFlag } from '#protocol/observations';
import { Episodes, type Sighting } from './episode.ts';
import { inSeconds, maskedInL1 } from './line-watch.ts';

// Faster than any person or log shipper reads. `find /` and `tar -v` are as fast, but what they say is new.
const floodPerSecond = 20_000;
const floodSpanMs = 10_000;
const staleShare = 0.9;
// About two gigabytes of text: a disk is worth a word, whatever is written.
const manyLines = 20_000_000;

/** How much is written: fast and without news, or simply very much. */
export class OutputVolume {
  readonly id = 'output-volume';
  private readonly reports = new Episodes(this.id, { describe, samples: () => [] });
  private total = 0;
  private windowStartMs = -1;
  private windowLines = 0;
  private windowStale = 0;

  observe(batch: LineBatch): void {
    this.total += batch.count;
    for (let index = 0; index < batch.count; index++) {
      const atMs = batch.atMs[index] ?? 0;
      if (this.windowStartMs < 0 || atMs - this.windowStartMs >= floodSpanMs) this.turn(batch, index, atMs);
      this.windowLines++;
      if (((batch.flags[index] ?? 0) & lineFlag.fresh) === 0) this.windowStale++;
    }
    if (this.total >= manyLines && batch.count > 0) this.see('warn', batch, batch.count - 1);
  }

  open(nowMs: number) {
    return this.reports.open(nowMs);
  }

  episodes() {
    return this.reports.all();
  }

  get bytes(): number {
    return 64 + this.reports.bytes;
  }

  private turn(batch: LineBatch, index: number, atMs: number): void {
    const spanMs = atMs - this.windowStartMs;
    const isFlood = this.windowStartMs >= 0 && this.windowLines * 1000 >= floodPerSecond * spanMs;
    if (isFlood) this.see(this.windowStale >= this.windowLines * staleShare ? 'warn' : 'observe', batch, index);
    this.windowStartMs = atMs;
    this.windowLines = 0;
    this.windowStale = 0;
  }

  private see(level: FindingLevel, batch: LineBatch, index: number): void {
    const atMs = batch.atMs[index] ?? 0;
    this.reports.see({
      level,
      atLine: batch.firstLine + index,
      atMs,
      count: this.total,
      period: 0,
      firstAtMs: this.windowStartMs,
    });
  }
}

const describe = (sighting: Sighting): Evidence => ({
  summary: `${sighting.count} lines of output, the newest ${inSeconds(sighting.atMs - sighting.firstAtMs)} s at over ${floodPerSecond} lines a second or past ${manyLines} in all`,
  samples: [],
  unit: 'lines',
  period: null,
  count: sighting.count,
  firstAtMs: sighting.firstAtMs,
  lastAtMs: sighting.atMs,
  masked: maskedInL1,
  progressLookedFor: ['lines that were not said before'],
});
