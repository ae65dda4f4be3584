import { expect } from 'chai';
import { isFlooding, isHopeless, type Pressure, pressOn } from '#coordinator/log-pressure';

const mib = 1024 * 1024;
type Look = readonly [atMs: number, size: number, archived: number | null];
const after = (...looks: readonly Look[]): Pressure => {
  const [first, ...rest] = looks.map(([atMs, size, archived]) => ({ atMs, size, archived }));
  if (first === undefined) throw new Error('a log that nobody looked at');
  return rest.reduce<Pressure>((before, now) => pressOn(before, now), pressOn(undefined, first));
};

describe('the pressure of a log that is over its cap', () => {
  it('is not known at the first look: what grew while nobody guarded waits for the archive', () => {
    const found = after([0, 4_000 * mib, 0]);
    expect([isFlooding(found), isHopeless(found)]).to.deep.equal([false, false]);
  });

  it('is a flood when it grows faster than it can be archived', () => {
    expect(isFlooding(after([0, 100 * mib, 0], [250, 101 * mib, 0]))).to.equal(false);
    expect(isHopeless(after([0, 100 * mib, 0], [250, 140 * mib, 0]))).to.equal(true);
    expect(isFlooding(after([0, 100 * mib, 0], [250, 140 * mib, 0], [500, 140 * mib, 0]))).to.equal(false);
  });

  it('is hopeless when the archive stands still, and not while it moves or need not', () => {
    expect(isHopeless(after([0, 100 * mib, 5], [9_000, 100 * mib, 5]))).to.equal(false);
    expect(isHopeless(after([0, 100 * mib, 5], [9_000, 100 * mib, 5], [11_000, 100 * mib, 5]))).to.equal(true);
    expect(isHopeless(after([0, 100 * mib, 5], [9_000, 100 * mib, 6], [11_000, 100 * mib, 6]))).to.equal(false);
    expect(isHopeless(after([0, 1, null], [60_000, 1, null]))).to.equal(false);
  });
});
