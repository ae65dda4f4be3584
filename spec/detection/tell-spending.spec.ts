import { expect } from 'chai';
import { createSpendingTeller } from '#detection/tell-spending';
import { nothingSpent, type SpendingState } from '#protocol/spending';
import { createManualClock } from '#runtime/clock';

describe('telling what was spent', () => {
  const start = () => {
    const clock = createManualClock();
    const book = { version: 0, toState: (): SpendingState => nothingSpent.state };
    const versions: number[] = [];
    const outlet = { send: async () => void versions.push(book.version) };
    const teller = createSpendingTeller({ book, outlet, clock });
    const spend = (isUrgent = false): void => {
      book.version += 1;
      teller.changed(isUrgent);
    };
    return { clock, versions, teller, spend };
  };

  it('is done at once, then at most once a second, and never forgets the last change', () => {
    const { clock, versions, spend, teller } = start();
    spend();
    spend();
    spend();
    expect(versions).to.deep.equal([1]);
    clock.advance(1_000);
    expect(versions).to.deep.equal([1, 3]);
    teller.changed(false);
    clock.advance(10_000);
    expect(versions, 'nothing is told twice').to.deep.equal([1, 3]);
    spend();
    expect(versions).to.deep.equal([1, 3, 4]);
  });

  it('waits for nothing when something is done because of it', () => {
    const { versions, spend, teller } = start();
    spend();
    spend(true);
    expect(versions).to.deep.equal([1, 2]);
    teller.changed(true);
    expect(versions).to.deep.equal([1, 2]);
  });

  it('tells the rest when it stops, and nothing afterwards', async () => {
    const { clock, versions, spend, teller } = start();
    spend();
    spend();
    await teller.stop();
    clock.advance(10_000);
    expect(versions).to.deep.equal([1, 2]);
  });
});
