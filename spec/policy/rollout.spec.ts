import { expect } from 'chai';
import { bucketOf, decideRollout, tightenRollout } from '#policy/rollout';

const keys = Array.from({ length: 100_000 }, (_, index) => `key-${index}`);
const stop = { verb: 'stop', isLimit: false } as const;
const canary = (percent: number) => ({ mode: 'canary', percent, salt: 'standard-1' }) as const;

describe('rollout', () => {
  it('takes 9 to 11 of 100 keys at ten percent, and keeps every one of them at twenty', () => {
    const atTen = keys.filter((key) => decideRollout(canary(10), key, stop).enforced);
    expect(atTen.length).to.be.within(9000, 11_000);
    expect(atTen.every((key) => decideRollout(canary(20), key, stop).enforced)).to.equal(true);
  });

  it('always puts the same job on the same side, and draws anew with another salt', () => {
    expect(bucketOf('a', 'job')).to.equal(bucketOf('a', 'job'));
    const moved = keys.slice(0, 1000).filter((key) => bucketOf('a', key) !== bucketOf('b', key));
    expect(moved.length).to.be.above(990);
  });

  it('takes the first 32 bits of SHA-256 of salt and key, modulo 10,000', () => {
    // printf 'standard:key' | sha256sum begins with the 32 bits below
    expect(bucketOf('standard', 'key')).to.equal(0x95e13ec3 % 10_000);
  });

  it('enforces nothing destructive in shadow, everything in enforce, and never samples limits and alerts', () => {
    const shadow = { mode: 'shadow', percent: 100, salt: 's' } as const;
    expect(decideRollout(shadow, 'k', stop)).to.include({ enforced: false, mode: 'shadow' });
    expect(decideRollout(shadow, 'k', { verb: 'stop', isLimit: true }).enforced).to.equal(true);
    expect(decideRollout(shadow, 'k', { verb: 'alert', isLimit: false }).enforced).to.equal(true);
    expect(decideRollout({ ...shadow, mode: 'enforce' }, 'k', stop).enforced).to.equal(true);
    expect(decideRollout(canary(0), 'k', stop).enforced).to.equal(false);
    expect(decideRollout(canary(100), 'k', stop).enforced).to.equal(true);
  });

  it('only ever becomes stricter by a rule', () => {
    expect(tightenRollout(canary(10), { mode: 'enforce' })).to.include({ mode: 'canary', percent: 10 });
    expect(tightenRollout(canary(10), { mode: 'shadow' }).mode).to.equal('shadow');
    expect(tightenRollout(canary(50), { percent: 5 }).percent).to.equal(5);
    expect(tightenRollout(canary(5), { percent: 50 }).percent).to.equal(5);
  });
});
