import type { LineBatch } from '#protocol/observations';
import type { LineHistory } from './line-history.ts';

type Sample = LineBatch['samples'][number];

// A loop shows its lines within its first cycle, and in one look come 24 samples at most; older samples are of no use to a report.
const kept = 32;
const shown = 4;

/** The redacted texts that came with new shapes, newest last. */
export class SampleShelf {
  private readonly texts: string[] = [];
  private readonly l1s: number[] = [];
  private readonly l2s: number[] = [];

  add(samples: readonly Sample[]): void {
    for (const { l1, l2, text } of samples) {
      this.makeRoom(l2);
      this.texts.push(text);
      this.l1s.push(l1);
      this.l2s.push(l2);
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
    return this.texts.reduce((sum, text) => sum + 40 + text.length, 0);
  }

  /** A line whose number changes comes as a new shape each time: of one template no more are kept than a report shows. */
  private makeRoom(l2: number): void {
    const alike = this.l2s.reduce((count, held) => (held === l2 ? count + 1 : count), 0);
    if (alike >= shown) this.drop(this.l2s.indexOf(l2));
    else if (this.texts.length === kept) this.drop(0);
  }

  private drop(index: number): void {
    this.texts.splice(index, 1);
    this.l1s.splice(index, 1);
    this.l2s.splice(index, 1);
  }

  private textOf(l1: number, l2: number): string | null {
    const exact = this.l1s.indexOf(l1);
    return this.texts[exact >= 0 ? exact : this.l2s.indexOf(l2)] ?? null;
  }
}
