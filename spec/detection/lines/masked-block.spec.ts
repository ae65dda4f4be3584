import { expect } from 'chai';
import { alarmsOf, rounds, told } from './told-lines.ts';

const alarm = (lines: Parameters<typeof alarmsOf>[0]) =>
  alarmsOf(lines).find((finding) => finding.detector === 'masked-block');

describe('masked block', () => {
  it('sees a restart loop whose counters and ids change', () => {
    const found = alarm(
      told(
        300,
        5,
        rounds(
          (round) => `start number ${round}`,
          (round) => `token ${round * 7919} was refused: error`,
          (round) => `gone after ${round} calls`,
        ),
      ),
    );
    expect(found).to.include({ level: 'warn', period: 3 });
    expect(found?.atLine).to.be.at.most(60);
    expect(found?.evidence.masked).to.contain('every other number');
  });

  it('warns and never acts: numbers moved', () => {
    const found = alarmsOf(
      told(
        6000,
        10,
        rounds(
          (round) => `start ${round}`,
          (round) => `error ${round}`,
        ),
      ),
    );
    expect(found.filter((finding) => finding.level === 'act' && finding.detector === 'masked-block')).to.deep.equal([]);
  });

  it('sees a tight loop of a few seconds by its mass', () => {
    expect(
      alarm(
        told(
          2000,
          1000,
          rounds(
            (round) => `run ${round}`,
            () => 'driver not found: error',
            () => 'leaving',
          ),
        ),
      ),
    ).to.include({ level: 'warn' });
  });

  const quiet: readonly [string, Parameters<typeof alarmsOf>[0]][] = [
    [
      'a batch that reports bad items in one breath',
      told(
        300,
        150,
        rounds(
          (round) => `error in item ${round}`,
          (round) => `item ${round} left out`,
        ),
      ),
    ],
    [
      'a bounded count beside each failure',
      told(
        300,
        5,
        rounds(
          (round) => `file ${round}/500`,
          (round) => `error: file ${round} is empty`,
        ),
      ),
    ],
    [
      'a block without any failure',
      told(
        600,
        5,
        rounds(
          (round) => `order ${round} taken`,
          (round) => `order ${round} packed`,
        ),
      ),
    ],
    [
      'a batch that says when it counted no errors',
      told(
        600,
        5,
        rounds(
          (round) => `lot ${round}: 0 errors`,
          (round) => `lot ${round}: failed=0`,
        ),
      ),
    ],
  ];
  for (const [name, lines] of quiet) {
    it(`keeps silent about ${name}`, () => {
      expect(alarmsOf(lines)).to.deep.equal([]);
    });
  }
});
