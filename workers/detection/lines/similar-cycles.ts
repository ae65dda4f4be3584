import type { Evidence, FindingLevel } from '#protocol/judgement';
import { lineFlag } from '#protocol/observations';
import { Episodes, type Sighting } from './episode.ts';
import { type LineHistory, longestPeriod } from './line-history.ts';
import { inSeconds, type LineWatch, maskedInL2 } from './line-watch.ts';
import type { SampleShelf } from './sample-shelf.ts';
import { TemplateMemory } from './template-memory.ts';

// Two templates are similar to anything.
const shortestCycle = 3;
// Of the templates of two cycles, so many are the same: a stray line, another branch or a summary in between.
const likeness = 0.75;
// A round that says something never said before is work: the next test, the next file. One such line in thirty is chance.
const linesPerNovelty = 32;
// A round takes about as long as the one before, but for a few strangers. Lines that come in any order do not.
const lengthFactor = 1.5;
const strangers = 3;
const anchorRoom = 8;
const buckets = 32;
// The shorter the cycle, the more often: long ones are their own proof.
const long = { lines: 25, cycles: 5 } as const;
const shortCycles = 8;
const leastSpanMs = 10_000;
const burstLines = 1000;
const slowestCycleMs = 60_000;

interface Anchor {
  template: number;
  /** Place of the newest sighting, in lines of the history. */
  at: number;
  atMs: number;
  sketch: Uint32Array;
  cycles: number;
  lines: number;
  /** Of the newest round. */
  roundLines: number;
  startedAtMs: number;
  /** New templates that the run had shown until then. */
  novelties: number;
}

/**
 * Failing cycles that differ a little from round to round: between two sightings of the same failing template lie
 * nearly the same templates. Which template marks the round is not known beforehand, so eight are tried.
 */
export class SimilarCycles implements LineWatch {
  readonly id = 'similar-cycles';
  private readonly anchors: Anchor[] = [];
  private readonly memory = new TemplateMemory();
  private novelties = 0;
  private readonly scratch = new Uint32Array(buckets);
  private readonly reports: Episodes;

  constructor(history: LineHistory, shelf: SampleShelf) {
    this.reports = new Episodes(this.id, { describe, samples: ({ period }) => shelf.of(history, period) });
  }

  push(history: LineHistory): void {
    const template = history.l2(0);
    if (this.memory.note(template)) this.novelties++;
    if ((history.flags(0) & lineFlag.failing) === 0) return;
    const anchor = this.anchors.find((held) => held.template === template);
    if (anchor === undefined) this.tryAnchor(history, template);
    else this.closeCycle(history, anchor);
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
    return (this.anchors.length + 1) * (buckets * 4 + 96) + this.memory.bytes + this.reports.bytes;
  }

  private tryAnchor(history: LineHistory, template: number): void {
    const fresh = {
      template,
      at: history.length,
      atMs: history.atMs(0),
      sketch: new Uint32Array(buckets),
      cycles: 1,
      lines: 0,
      roundLines: 0,
      startedAtMs: history.atMs(0),
      novelties: this.novelties,
    };
    const stale = this.anchors.findIndex((held) => history.length - held.at > longestPeriod);
    if (stale >= 0) this.anchors[stale] = fresh;
    // While all are in use, the first ones stay: taking turns, none would live long enough to come around.
    else if (this.anchors.length < anchorRoom) this.anchors.push(fresh);
  }

  private closeCycle(history: LineHistory, anchor: Anchor): void {
    const lines = history.length - anchor.at;
    const atMs = history.atMs(0);
    const cycleMs = atMs - anchor.atMs;
    const isFit = lines >= shortestCycle && lines <= longestPeriod && cycleMs <= slowestCycleMs;
    const { scratch } = this;
    if (isFit) sketch(history, lines, scratch);
    else scratch.fill(0);
    const hasNews = (this.novelties - anchor.novelties) * linesPerNovelty > lines;
    anchor.novelties = this.novelties;
    const isAsLong = anchor.roundLines === 0 || areAsLong(lines, anchor.roundLines);
    anchor.roundLines = lines;
    const isAlike = isFit && !hasNews && isAsLong && alike(scratch, anchor.sketch) >= likeness;
    anchor.cycles = isAlike ? anchor.cycles + 1 : 1;
    anchor.lines = isAlike ? anchor.lines + lines : lines;
    if (!isAlike) anchor.startedAtMs = anchor.atMs;
    anchor.at = history.length;
    anchor.atMs = atMs;
    anchor.sketch.set(scratch);
    if (isAlike) this.see(history, anchor, lines);
  }

  private see(history: LineHistory, anchor: Anchor, period: number): void {
    const level = levelOf(anchor, history.atMs(0));
    if (level === null) return;
    this.reports.see({
      level,
      atLine: history.line(0),
      atMs: history.atMs(0),
      count: anchor.cycles,
      period,
      firstAtMs: anchor.startedAtMs,
    });
  }
}

const levelOf = (anchor: Anchor, nowMs: number): FindingLevel | null => {
  if (anchor.cycles < 3) return null;
  const isLong = anchor.lines >= anchor.cycles * long.lines;
  const enough = anchor.cycles >= (isLong ? long.cycles : shortCycles);
  const lasts = nowMs - anchor.startedAtMs >= leastSpanMs || anchor.lines >= burstLines;
  return enough && lasts ? 'warn' : 'observe';
};

const areAsLong = (a: number, b: number): boolean =>
  Math.abs(a - b) <= strangers || Math.max(a, b) <= Math.min(a, b) * lengthFactor;

// One-permutation min-hash: the smallest template hash of each of 32 classes stands for the set.
const sketch = (history: LineHistory, lines: number, into: Uint32Array): void => {
  into.fill(0);
  for (let back = 0; back < lines; back++) {
    const template = history.l2(back);
    const bucket = template & (buckets - 1);
    const held = into[bucket] ?? 0;
    if (held === 0 || template < held) into[bucket] = template;
  }
};

const alike = (a: Uint32Array, b: Uint32Array): number => {
  let same = 0;
  let all = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (a[bucket] === 0 && b[bucket] === 0) continue;
    all++;
    if (a[bucket] === b[bucket]) same++;
  }
  return all === 0 ? 0 : same / all;
};

const describe = (sighting: Sighting, samples: readonly string[]): Evidence => ({
  summary: `a failing cycle of about ${sighting.period} lines came ${sighting.count} times in ${inSeconds(sighting.atMs - sighting.firstAtMs)} s, each nearly like the one before`,
  samples,
  unit: 'cycles',
  period: sighting.period,
  count: sighting.count,
  firstAtMs: sighting.firstAtMs,
  lastAtMs: sighting.atMs,
  masked: maskedInL2,
  progressLookedFor: ['templates that the cycle before did not have', 'a longer or shorter way around'],
});
