import { expect } from 'chai';
import { catalogue } from './catalogue.ts';

describe('the catalogue of faults', () => {
  it('holds every fault that was promised, each once', () => {
    const ids = catalogue.map(({ id }) => id);
    const promised = Object.entries({ C: 14, D: 8, R: 19, W: 8 }).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}${String(i + 1).padStart(2, '0')}`),
    );
    expect(ids).to.include.members(promised);
    expect(new Set(ids).size).to.equal(ids.length);
  });
});
