import { expect } from 'chai';
import { alarmsOf, told } from './told-lines.ts';

const names = ['ash', 'birch', 'cedar', 'elder', 'fir', 'hazel', 'larch', 'maple', 'oak', 'pine'];
const detectorsOf = (lines: Parameters<typeof alarmsOf>[0]) => alarmsOf(lines).map((finding) => finding.detector);

describe('failing flood', () => {
  it('sees one failure among strangers', () => {
    const lines = told(300, 5, (index) =>
      index % 5 === 3
        ? `note of ${names[(index * 7) % 10]} ${names[(index >> 2) % 10]}`
        : `ERROR block ${index} not written: device is full`,
    );
    const found = alarmsOf(lines).find((finding) => finding.detector === 'failing-flood');
    expect(found).to.include({ level: 'warn' });
    expect(found?.atLine).to.be.at.most(72);
  });

  it('keeps silent when a build fails in many ways', () => {
    const lines = told(
      400,
      5,
      (index) =>
        `error: ${names[index % 10]} has no ${names[Math.floor(index / 10) % 10]} ${'abcdefghij'[Math.floor(index / 37) % 10]}`,
    );
    expect(detectorsOf(lines)).not.to.contain('failing-flood');
  });
});

describe('similar cycles', () => {
  const cycle = (round: number, news: boolean): readonly string[] => [
    'opening the browser',
    `page ${round} asked for`,
    ...(round % 3 === 0 ? ['the cache was cold'] : []),
    'error: the page did not answer',
    ...(news
      ? [`lesson ${names[round % 10]}${names[(round * 3 + 1) % 10]}${names[Math.floor(round / 10)]} learnt`]
      : []),
    'closing the browser',
    'sorting the tabs',
    ...(round % 4 === 1 ? ['a tab was left open'] : []),
    'washing up',
  ];
  const cyclesOf = (news: boolean) => {
    const texts = Array.from({ length: 60 }, (_, round) => cycle(round, news)).flat();
    return told(texts.length, 5, (index) => texts[index] ?? '');
  };

  it('sees rounds that differ a little', () => {
    expect(detectorsOf(cyclesOf(false))).to.contain('similar-cycles');
  });

  it('takes rounds that say something new for work', () => {
    expect(detectorsOf(cyclesOf(true))).not.to.contain('similar-cycles');
  });

  /** Rounds with steps or a share in them, a line longer now and then. */
  const roundsWith = (figures: readonly string[]) => {
    const texts = Array.from({ length: 40 }, (_, round) => [
      'errors so far: some, retrying may help',
      ...figures,
      ...(round % 3 === 0 ? ['the cache was cold'] : []),
      'washing up',
      'sorting the plates',
      'closing the cupboard',
    ]).flat();
    return told(texts.length, 10, (index) => texts[index] ?? '');
  };

  it('sees rounds that count the same steps anew, or stand at the same share', () => {
    const steps = roundsWith(['step 1/3', 'step 2/3', 'step 3/3']);
    const still = roundsWith(['sent 41 % of it']);
    expect([detectorsOf(steps), detectorsOf(still)].map((found) => found.includes('similar-cycles'))).to.deep.equal([
      true,
      true,
    ]);
  });
});

describe('output volume', () => {
  it('sees a fast flood without news, and leaves a fast listing alone', () => {
    const flood = told(400_000, 25_000, (index) => `cell ${(index * 7919) % 997}`);
    expect(detectorsOf(flood)).to.contain('output-volume');
    const listing = told(400_000, 25_000, (index) => `/data/part/${index}/file${index * 3}.bin`);
    expect(detectorsOf(listing)).to.deep.equal([]);
  });
});
