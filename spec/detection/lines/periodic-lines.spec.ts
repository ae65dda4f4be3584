import { expect } from 'chai';
import fc from 'fast-check';
import { alarmsOf, rounds, told, watched } from './told-lines.ts';

const first = (lines: Parameters<typeof alarmsOf>[0]) =>
  alarmsOf(lines).find((finding) => finding.detector === 'periodic-lines');

describe('periodic lines', () => {
  it('warn of a failing line after forty of them and ten seconds', () => {
    expect(first(told(200, 5, () => 'ERROR cannot reach the store'))).to.include({
      level: 'warn',
      atLine: 51,
      period: 1,
    });
  });

  it('warn of a neutral block after twelve rounds', () => {
    const block = rounds(
      () => 'change seen',
      () => 'compiling',
      () => 'written',
      () => 'waiting',
    );
    const found = first(told(300, 5, block));
    expect(found).to.include({ level: 'warn', period: 4 });
    expect(found?.atLine).to.be.at.most(60);
    expect(found?.evidence.samples).to.have.length(4);
  });

  it('find every period up to four hundred, and name the shortest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), (period) => {
        const lines = told(period * 4 + 40, 100, (index) => `part ${index % period} of the rota`);
        const { 'output.period': found } = watched(lines).signals(lines.at(-1)?.atMs ?? 0);
        expect(found).to.equal(period);
      }),
      { numRuns: 25 },
    );
  });

  it('find the period of a block that says each line twice', () => {
    const block = rounds(
      () => 'a door',
      () => 'a door',
      () => 'a window',
      () => 'a window',
      () => 'a roof',
      () => 'a roof',
    );
    const lines = told(120, 20, block);
    expect(watched(lines).signals(lines.at(-1)?.atMs ?? 0)).to.include({ 'output.period': 6, 'output.cycles': 20 });
  });

  it('act only when twice as much came, half a minute long', () => {
    const levels = alarmsOf(told(400, 5, () => 'ERROR cannot reach the store')).filter(
      (finding) => finding.detector === 'periodic-lines',
    );
    expect(levels.map((finding) => finding.level)).to.deep.equal(['warn', 'act']);
    expect(levels[1]?.atLine).to.equal(151);
  });

  const quiet: readonly [string, Parameters<typeof alarmsOf>[0]][] = [
    ['a heartbeat every minute', told(600, 1 / 60, () => 'alive')],
    [
      'a block of a scheduled job every minute',
      told(900, 9 / 60, rounds(...Array.from({ length: 9 }, (_, part) => () => `step ${part} of the nightly job`))),
    ],
    [
      'a poller that asks every few seconds',
      told(
        400,
        1.5,
        rounds(
          () => 'asking for games',
          () => 'found 0 games',
          () => 'task is done',
        ),
      ),
    ],
    [
      'one breath of equal compiler warnings',
      told(
        120,
        2000,
        rounds(
          () => 'header is old',
          () => 'error was expected here',
          () => 'note: see above',
        ),
      ),
    ],
    ['a counter that moves', told(2000, 50, (index) => `copied file ${index}`)],
    [
      'a program that waits for a service, a line a second',
      told(150, 1, () => 'connection refused, trying again in 1 s'),
    ],
    [
      'epochs with a falling loss',
      told(300, 1, (index) => `epoch ${index + 1}/300 loss ${(3 / (index + 1)).toFixed(4)}`),
    ],
  ];
  for (const [name, lines] of quiet) {
    it(`keep silent about ${name}`, () => {
      expect(alarmsOf(lines)).to.deep.equal([]);
    });
  }
});
