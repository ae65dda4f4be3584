import { expect } from 'chai';
import { arrivalAt, entriesOf, type IndexEntry, parseIndex, printIndexEntry } from '#protocol/output-index';

const entry = (offset: number, atMs: number, lines = 0): IndexEntry => ({ stream: 'stdout', offset, atMs, lines });

describe('the index of a run', () => {
  it('reads back what was written', () => {
    const entries: IndexEntry[] = [entry(10, 1000, 1), { stream: 'stderr', offset: 5, atMs: 1200, lines: 2 }];
    expect(parseIndex(entries.map(printIndexEntry).join(''))).to.deep.equal(entries);
  });

  it('takes a torn last line for no entry, and goes on behind a torn line in the middle', () => {
    expect(parseIndex('1 10 1000 1\n1 20 11').map((one) => one.offset)).to.deep.equal([10]);
    expect(parseIndex('1 10 1000 1\n1 2\n1 30 1200 3\n').map((one) => one.offset)).to.deep.equal([10, 30]);
  });

  it('says when a byte arrived: with the first entry that lies behind it', () => {
    const entries = [entry(10, 1000), entry(30, 2000)];
    expect([0, 9, 10, 29, 30].map((offset) => arrivalAt(entries, offset))).to.deep.equal([
      1000,
      1000,
      2000,
      2000,
      null,
    ]);
  });

  it('forgets what was said of a stream before it was truncated', () => {
    const other: IndexEntry = { stream: 'stderr', offset: 99, atMs: 1, lines: 0 };
    const entries = [entry(10, 1000), other, entry(300, 2000), entry(7, 3000), entry(9, 4000)];
    expect(entriesOf(entries, 'stdout').map((one) => one.offset)).to.deep.equal([7, 9]);
    expect(entriesOf(entries, 'stderr')).to.deep.equal([other]);
  });
});
