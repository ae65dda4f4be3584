import { expect } from 'chai';
import { LineGrams } from '#detection/lines/line-grams';
import { LineHistory, ringMask, ringRoom } from '#detection/lines/line-history';
import { SampleShelf } from '#detection/lines/sample-shelf';
import { TemplateMemory } from '#detection/lines/template-memory';
import { type LineBatch, lineFlag } from '#protocol/observations';

const batchOf = (hashes: readonly number[], firstLine: number): LineBatch => ({
  count: hashes.length,
  firstLine,
  l1: Uint32Array.from(hashes),
  l2: Uint32Array.from(hashes, (hash) => hash * 2),
  flags: Uint8Array.from(hashes, () => lineFlag.fresh),
  atMs: Float64Array.from(hashes, (_, index) => firstLine * 1000 + index),
  samples: [],
});

const historyOf = (count: number, firstLine = 1): LineHistory => {
  const history = new LineHistory();
  const batch = batchOf(
    Array.from({ length: count }, (_, index) => index + 1),
    firstLine,
  );
  for (let index = 0; index < count; index++) history.push(batch, index);
  return history;
};

describe('the history of lines', () => {
  it('holds each of the newest lines at its place, however far it had to grow', () => {
    for (const count of [1, 64, 65, 300, 512, 513, 2_000]) {
      const history = historyOf(count);
      expect(history.depth).to.equal(Math.min(count, ringRoom));
      for (const back of [0, history.depth - 1])
        expect([history.l1(back), history.l2(back), history.line(back), history.atMs(back)]).to.deep.equal([
          count - back,
          2 * (count - back),
          count - back,
          1000 + count - back - 1,
        ]);
    }
  });

  it('knows the numbers of lines past four billion', () => {
    const history = historyOf(100, 2 ** 32 - 50);
    expect([history.line(0), history.line(99)]).to.deep.equal([2 ** 32 + 49, 2 ** 32 - 50]);
  });

  it('takes little for a few lines', () => {
    expect(historyOf(3).bytes).to.be.below(2_048);
  });
});

describe('grams of lines', () => {
  const periodsOf = (lines: readonly number[]): readonly number[] => {
    const ring = new Uint32Array(ringRoom);
    const grams = new LineGrams();
    return lines.map((line, at) => {
      ring[at & ringMask] = line;
      return grams.note(ring, at);
    });
  };

  it('tell how long ago the newest four lines came', () => {
    expect(periodsOf([1, 2, 3, 4, 5, 1, 2, 3, 4, 5])).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0, 5, 5]);
  });

  it('say nothing of lines that share a place by chance', () => {
    const lines = Array.from({ length: 200_000 }, (_, index) => Math.imul(index + 1, 0x9e3779b1) >>> 0);
    expect(periodsOf(lines).filter((period) => period > 0)).to.deep.equal([]);
  });

  it('look back for 400 lines and no more', () => {
    const cycle = (length: number) =>
      periodsOf(Array.from({ length: 3 * length }, (_, index) => Math.imul((index % length) + 1, 0x9e3779b1) >>> 0));
    expect(cycle(400).at(-1)).to.equal(400);
    expect(cycle(401).every((period) => period === 0)).to.equal(true);
  });
});

describe('the memory of templates', () => {
  it('knows a template again, and grows only for those that would push one out', () => {
    const memory = new TemplateMemory();
    expect([memory.note(5), memory.note(5), memory.note(6), memory.note(5)]).to.deep.equal([true, false, true, false]);
    expect(memory.bytes).to.be.at.most(256);
    for (let template = 1; template < 50_000; template++) memory.note(Math.imul(template, 0x9e3779b1) >>> 0);
    expect(memory.bytes).to.equal(8 * 1024);
  });

  it('forgets nothing by growing', () => {
    const memory = new TemplateMemory();
    // Each bucket of the largest memory gets two, in turn.
    const templates = Array.from({ length: 2_048 }, (_, index) => index + 1);
    for (const template of templates) memory.note(template);
    expect(templates.filter((template) => memory.note(template))).to.deep.equal([]);
  });
});

describe('the shelf of samples', () => {
  const sample = (l1: number, l2: number, text: string) => ({ l1, l2, text });

  it('is not flooded by one template whose number changes', () => {
    const shelf = new SampleShelf();
    shelf.add([sample(1, 2, 'the other line')]);
    for (let n = 0; n < 1_000; n++) shelf.add([sample(1_000 + n, 9, `job ${n}`)]);
    expect(shelf.of(historyOf(1), 1)).to.deep.equal(['the other line']);
    expect(shelf.bytes).to.be.below(300);
  });
});
