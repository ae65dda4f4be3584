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

  it('sees a loop that comes back to the same places, and one that counts its tries', () => {
    const places = rounds(
      (round) => `src/doors.c:9:5: error: hinge ${round} is loose`,
      (round) => `src/doors.c:12:5: error: hinge ${round} is lost`,
    );
    expect(alarm(told(300, 5, places))).to.include({ level: 'warn', period: 2 });
    expect(alarm(told(300, 5, (index) => `request ${index}: connection refused`))).to.include({ level: 'warn' });
    expect(alarm(told(300, 5, (index) => `attempt ${index}: connection refused`))).to.include({ level: 'warn' });
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
    ...(
      [
        ['a linter', (index) => `  ${index + 3}:${(index % 40) + 1}  error  A comma is missing  comma`],
        ['a compiler', (index) => `src/doors.c:${index * 2 + 9}:5: error: 'hinge' is not declared`],
        ['a checker of types', (index) => `src/doors.ts(${index + 4},${index % 30}): error TS9999: No hinge here.`],
        ['a test runner', (index) => `FAILED tests/doors_test.py::opens[${index}] - the door is locked`],
        ['an import', (index) => `Row ${index + 2}: validation failed, the price is no number`],
      ] as readonly [string, (index: number) => string][]
    ).flatMap(([who, line]): [string, Parameters<typeof alarmsOf>[0]][] => [
      [`the long list of ${who}`, told(400, 20, line)],
      [`the list of ${who} in one breath`, told(1500, 3000, line)],
    ]),
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
