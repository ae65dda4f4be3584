import { expect } from 'chai';
import { judgeDeath } from '#runtime/restart-policy';

const intensity = { maxDeaths: 3, windowMs: 10_000, firstDelayMs: 50, maxDelayMs: 400 };

describe('restart intensity', () => {
  it('starts at once after the first death and backs off after the next', () => {
    expect(judgeDeath(intensity, [0])).to.deep.equal({ kind: 'restart', delayMs: 0 });
    expect(judgeDeath(intensity, [0, 100])).to.deep.equal({ kind: 'restart', delayMs: 50 });
    expect(judgeDeath(intensity, [0, 100, 200])).to.deep.equal({ kind: 'restart', delayMs: 100 });
  });
  it('gives up when there were too many in the window', () => {
    expect(judgeDeath(intensity, [0, 100, 200, 300])).to.deep.equal({ kind: 'give-up', deaths: 4 });
  });
  it('forgets deaths that lie outside the window', () => {
    expect(judgeDeath(intensity, [0, 100, 200, 30_000])).to.deep.equal({ kind: 'restart', delayMs: 0 });
  });
});
