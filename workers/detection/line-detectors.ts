import type { Finding } from '#protocol/judgement';
import type { LineBatch } from '#protocol/observations';
import type { SignalVector } from '#protocol/signals';
import type { Detector } from './detector.ts';
import { FailingFlood } from './lines/failing-flood.ts';
import { LineHistory } from './lines/line-history.ts';
import type { LineWatch, RepetitionNow } from './lines/line-watch.ts';
import { maskedBlock } from './lines/masked-block.ts';
import { OutputVolume } from './lines/output-volume.ts';
import { periodicLines } from './lines/periodic-lines.ts';
import { RepeatingLines } from './lines/repeating-lines.ts';
import { SampleShelf } from './lines/sample-shelf.ts';
import { SimilarCycles } from './lines/similar-cycles.ts';

/** The detectors of output lines as one, sharing one history. */
export interface LineDetectors extends Detector<LineBatch> {
  /** Every episode of level warn or act so far, the newest sixteen of each detector, closed or open. */
  episodes(): readonly Finding[];
}

// A repetition is certain after three rounds that cover the window of the profile; a verdict by itself needs more.
const certainCycles = 3;
// The signals speak of now: a block that has not come around for so long is over, or its program computes in silence.
const staleMs = 10_000;
const stalePeriods = 3;

export const createLineDetectors = (options: { readonly logWindowLines: number }): LineDetectors =>
  new Lines(options.logWindowLines);

class Lines implements LineDetectors {
  readonly id = 'lines';
  private readonly history = new LineHistory();
  private readonly shelf = new SampleShelf();
  private readonly periodic = new RepeatingLines(periodicLines, this.history, this.shelf);
  private readonly masked = new RepeatingLines(maskedBlock, this.history, this.shelf);
  private readonly similar = new SimilarCycles(this.history, this.shelf);
  private readonly flood = new FailingFlood(this.history, this.shelf);
  private readonly watches: readonly LineWatch[] = [this.periodic, this.masked, this.similar, this.flood];
  private readonly volume = new OutputVolume();
  private readonly logWindowLines: number;

  constructor(logWindowLines: number) {
    this.logWindowLines = logWindowLines;
  }

  observe(batch: LineBatch): void {
    const { history, periodic, masked, similar, flood } = this;
    this.shelf.add(batch.samples);
    for (let index = 0; index < batch.count; index++) {
      if (!history.push(batch, index)) continue;
      periodic.push(history);
      masked.push(history);
      similar.push(history);
      flood.push(history);
    }
    this.volume.observe(batch);
  }

  findings(nowMs: number): readonly Finding[] {
    return [...this.watches, this.volume].flatMap((watch) => watch.open(nowMs) ?? []);
  }

  episodes(): readonly Finding[] {
    return [...this.watches, this.volume].flatMap((watch) => watch.episodes());
  }

  signals(nowMs: number): SignalVector {
    const now = this.current(nowMs);
    const open = this.findings(nowMs);
    const isNow = nowMs - this.history.atMs(0) <= this.staleAfterMs(now);
    const levels = (ids: readonly string[]): number =>
      isNow ? levelOf(open.filter((finding) => ids.includes(finding.detector))) : 0;
    return {
      'output.period': now?.period ?? 0,
      'output.cycles': now?.cycles ?? 0,
      'output.repeat_lines': now?.lines ?? 0,
      'output.repeat_span': now === null ? 0 : (nowMs - now.startedAtMs) / 1000,
      'output.repeat_level': levels([this.periodic.id, this.masked.id, this.similar.id]),
      'output.failing_level': levels([this.flood.id]),
      'output.flood_level': levels([this.volume.id]),
    };
  }

  stateBytes(): number {
    return [this.history, this.shelf, ...this.watches, this.volume].reduce((sum, part) => sum + part.bytes, 0);
  }

  /** The repetition that is certain: by exact lines, or by a failing block whose numbers change. */
  private repetition(): RepetitionNow | null {
    const exact = this.periodic.repetition();
    if (this.isCertain(exact)) return exact;
    const masked = this.masked.repetition();
    return this.isCertain(masked) ? masked : null;
  }

  private isCertain(repetition: RepetitionNow | null): boolean {
    return repetition !== null && repetition.cycles >= certainCycles && repetition.lines >= this.logWindowLines;
  }

  private current(nowMs: number): RepetitionNow | null {
    const repetition = this.repetition();
    if (repetition === null) return null;
    return nowMs - this.history.atMs(0) > this.staleAfterMs(repetition) ? null : repetition;
  }

  private staleAfterMs(repetition: RepetitionNow | null): number {
    if (repetition === null) return staleMs;
    const spanMs = this.history.atMs(0) - repetition.startedAtMs;
    return Math.max(staleMs, (stalePeriods * spanMs) / repetition.cycles);
  }
}

const ranks = { observe: 1, warn: 2, act: 3 } as const;
const levelOf = (findings: readonly Finding[]): number =>
  Math.max(0, ...findings.map((finding) => ranks[finding.level]));
