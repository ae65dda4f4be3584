import type { Evidence } from '#protocol/judgement';
import { lineFlag } from '#protocol/observations';
import { Episodes, type Sighting } from './episode.ts';
import type { LineHistory } from './line-history.ts';
import { inSeconds, type LineWatch, maskedInL2 } from './line-watch.ts';
import type { SampleShelf } from './sample-shelf.ts';

// Sixty lines: twelve seconds of a program that says five lines a second.
const window = 60;
// A fifth of strangers, and a few more, may stand between the failures.
const failingShare = 0.7;
// The same few things fail again and again; a build that fails at many places says many things.
const templates = 3;
const templateShare = 0.85;
const leastSpanMs = 10_000;
const burstLines = 1000;
// At about one line a second it is a program that waits for something: ten minutes.
const politeIntervalMs = 900;
const politeSpanMs = 600_000;
// Slower than that it is a service with a fault that somebody should mend, not a program out of hand.
const slowestIntervalMs = 5_000;
// Looking costs a pass over the window, so not at every line.
const lookEvery = 8;

/** Most lines fail, and in the same few ways, whatever else is said in between and however the ids change. */
export class FailingFlood implements LineWatch {
  readonly id = 'failing-flood';
  private readonly reports: Episodes;
  private failing = 0;
  private startedAtMs = 0;
  private startedAt = -1;

  constructor(history: LineHistory, shelf: SampleShelf) {
    this.reports = new Episodes(this.id, { describe, samples: () => shelf.of(history, window) });
  }

  push(history: LineHistory): void {
    if ((history.flags(0) & lineFlag.failing) !== 0) this.failing++;
    if (history.length > window && (history.flags(window) & lineFlag.failing) !== 0) this.failing--;
    if (this.failing < window * failingShare) {
      this.startedAt = -1;
      return;
    }
    if (history.length % lookEvery !== 0) return;
    const windowMs = history.atMs(0) - history.atMs(window - 1);
    if (windowMs > window * slowestIntervalMs || !isMonotonous(history)) {
      this.startedAt = -1;
      return;
    }
    this.see(history);
  }

  open(nowMs: number) {
    return this.reports.open(nowMs);
  }

  episodes() {
    return this.reports.all();
  }

  repetition() {
    return null;
  }

  get bytes(): number {
    return 64 + this.reports.bytes;
  }

  private see(history: LineHistory): void {
    if (this.startedAt < 0) {
      this.startedAt = history.length - window;
      this.startedAtMs = history.atMs(window - 1);
    }
    const atMs = history.atMs(0);
    const lines = history.length - this.startedAt;
    const spanMs = atMs - this.startedAtMs;
    const lasts = spanMs >= leastSpanMs || lines >= burstLines;
    const isPolite = spanMs / lines >= politeIntervalMs && spanMs < politeSpanMs;
    const level = lasts && !isPolite ? 'warn' : 'observe';
    this.reports.see({ level, atLine: history.line(0), atMs, count: lines, period: 0, firstAtMs: this.startedAtMs });
  }
}

const isMonotonous = (history: LineHistory): boolean => {
  const counts = new Map<number, number>();
  let failing = 0;
  for (let back = 0; back < window; back++) {
    const flags = history.flags(back);
    if ((flags & lineFlag.failing) === 0) continue;
    // A bounded figure beside each failure ends by itself.
    if ((flags & lineFlag.progress) !== 0) continue;
    failing++;
    counts.set(history.l2(back), (counts.get(history.l2(back)) ?? 0) + 1);
  }
  const most = [...counts.values()].sort((a, b) => b - a).slice(0, templates);
  const covered = most.reduce((sum, count) => sum + count, 0);
  return failing >= window * failingShare && covered >= failing * templateShare;
};

const describe = (sighting: Sighting, samples: readonly string[]): Evidence => ({
  summary: `most of ${sighting.count} lines in ${inSeconds(sighting.atMs - sighting.firstAtMs)} s fail, in the same few ways`,
  samples,
  unit: 'lines',
  period: null,
  count: sighting.count,
  firstAtMs: sighting.firstAtMs,
  lastAtMs: sighting.atMs,
  masked: maskedInL2,
  progressLookedFor: ['lines that do not fail', 'another kind of failure', 'a bounded progress figure'],
});
