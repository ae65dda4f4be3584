import { expect } from 'chai';
import { HashRing } from '#detection/hash-ring';
import { RecentHashes } from '#detection/recent-hashes';
import { RecentSet } from '#detection/recent-set';

/** Hashes that come again often, seldom and never, always the same ones. */
const hashes = (count: number, kinds: number): readonly number[] => {
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.imul((state >>> 8) % kinds, 0x9e3779b1) >>> 0;
  });
};

describe('recent hashes', () => {
  it('answer as a set would that makes what comes again the newest', () => {
    for (const [bound, kinds] of [
      [1, 3],
      [100, 90],
      [100, 150],
      [1024, 1500],
    ] as const) {
      const compact = new RecentHashes(bound);
      const plain = new RecentSet<number>(bound);
      const all = hashes(20_000, kinds);
      expect(all.map((hash) => compact.add(hash))).to.deep.equal(all.map((hash) => plain.add(hash)));
    }
  });

  it('tell hashes apart that fall into one bucket, and forget each of them', () => {
    const compact = new RecentHashes(3);
    const inOneBucket = [1, 2, 3, 4].map((high) => ((high << 16) | high) >>> 0);
    expect(inOneBucket.map((hash) => compact.add(hash))).to.deep.equal([true, true, true, true]);
    expect(compact.add(inOneBucket[1] ?? 0), 'still known').to.equal(false);
    expect(compact.add(inOneBucket[0] ?? 0), 'was the oldest').to.equal(true);
  });

  it('know the hash 0 only once it came', () => {
    const compact = new RecentHashes(8);
    expect([compact.add(5), compact.add(0), compact.add(5), compact.add(0)]).to.deep.equal([true, true, false, false]);
  });

  it('take room for what came, and eleven bytes for each at most', () => {
    const compact = new RecentHashes(1024);
    compact.add(1);
    expect(compact.bytes).to.be.below(512);
    for (const hash of hashes(20_000, 5_000)) compact.add(hash);
    expect(compact.bytes).to.equal(11 * 1024);
  });
});

describe('a ring of hashes', () => {
  it('forgets the oldest when it is full, and does not count what it knows', () => {
    const ring = new HashRing(3);
    expect([1, 2, 1, 3].map((hash) => ring.add(hash))).to.deep.equal([true, true, false, true]);
    expect(ring.add(2 ** 52 + 1)).to.equal(true);
    expect([1, 2, 3, 2 ** 52 + 1].map((hash) => ring.has(hash))).to.deep.equal([false, true, true, true]);
  });

  it('knows the hash 0 only once it came', () => {
    const ring = new HashRing(8);
    expect([ring.has(0), ring.add(7), ring.has(0), ring.add(0), ring.has(0)]).to.deep.equal([
      false,
      true,
      false,
      true,
      true,
    ]);
  });

  it('takes room for what came, and eight bytes for each at most', () => {
    const ring = new HashRing(1000);
    expect(ring.bytes).to.equal(0);
    ring.add(1);
    expect(ring.bytes).to.be.at.most(128);
    for (let hash = 0; hash < 5_000; hash++) ring.add(hash);
    expect(ring.bytes).to.equal(8 * 1000);
  });
});
