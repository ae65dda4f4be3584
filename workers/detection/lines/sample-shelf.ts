import type { LineBatch } from '#protocol/observations';
import type { LineHistory } from './line-history.ts';

type Sample = LineBatch['samples'][number];

// A loop shows its lines within its first cycle; older samples are of no use to a report.
const kept = 96;
const shown = 4;

/** The redacted texts that came with new shapes, newest last. */
export class SampleShelf {
  private readonly samples: Sample[] = [];
  private next = 0;

  add(samples: readonly Sample[]): void {
    for (const sample of samples) {
      this.samples[this.next] = sample;
      this.next = (this.next + 1) % kept;
    }
  }

  /** Texts of the newest `lines` lines, each shape once, failing ones first. */
  of(history: LineHistory, lines: number): readonly string[] {
    const order = Array.from({ length: Math.min(lines, history.depth) }, (_, back) => back);
    order.sort((a, b) => (history.flags(b) & 1) - (history.flags(a) & 1) || b - a);
    const texts = new Set<string>();
    for (const back of order) {
      const text = this.textOf(history.l1(back), history.l2(back));
      if (text !== null) texts.add(text);
      if (texts.size === shown) break;
    }
    return [...texts];
  }

  get bytes(): number {
    return this.samples.reduce((sum, sample) => sum + 48 + sample.text.length, 0);
  }

  private textOf(l1: number, l2: number): string | null {
    const exact = this.samples.find((sample) => sample.l1 === l1);
    return (exact ?? this.samples.find((sample) => sample.l2 === l2))?.text ?? null;
  }
}
