import { expect } from 'chai';
import { giveBack, LineColumns } from '#sampling/line-columns';

const filled = (columns: LineColumns, lines: number, first = 0): LineColumns => {
  for (let at = 0; at < lines; at++) columns.push(first + at, 2 * (first + at), at % 256, 1_000 + at);
  return columns;
};
const flood = 5_000;

describe('the columns of lines', () => {
  it('are what was put in, few or many', () => {
    for (const count of [1, 256, 257, flood, 70_000]) {
      const batch = filled(new LineColumns(), count).take(7);
      expect([batch.count, batch.firstLine, batch.l1.length, batch.atMs.length]).to.deep.equal([
        count,
        7,
        count,
        count,
      ]);
      const last = count - 1;
      expect([batch.l1[last], batch.l2[last], batch.flags[last], batch.atMs[last]]).to.deep.equal([
        last,
        2 * last,
        last % 256,
        1_000 + last,
      ]);
      giveBack(batch);
    }
  });

  it('are not written again before they were given back', () => {
    const columns = new LineColumns();
    const batches = [0, 1, 2, 3].map((round) => filled(columns, flood, round * flood).take(1));
    expect(batches.map((batch) => [batch.l1[0], batch.l1[flood - 1]])).to.deep.equal(
      [0, 1, 2, 3].map((round) => [round * flood, (round + 1) * flood - 1]),
    );
    batches.forEach(giveBack);
  });

  it('of a flood are lent, and used again', () => {
    const columns = new LineColumns();
    const seen = new Set<ArrayBufferLike>();
    for (let round = 0; round < 20; round++) {
      const batch = filled(columns, flood).take(1);
      seen.add(batch.l1.buffer);
      giveBack(batch);
    }
    expect(seen.size).to.be.at.most(2);
    expect(
      structuredClone(filled(columns, flood).take(1)).l1.buffer,
      'goes to another thread as it is',
    ).to.be.instanceOf(SharedArrayBuffer);
  });

  it('of a few lines are copies of their size', () => {
    expect(filled(new LineColumns(), 10).take(1).l1.buffer.byteLength).to.equal(40);
  });
});
