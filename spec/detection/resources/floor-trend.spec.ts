import { expect } from 'chai';
import { floorsJudged, judgeFloors } from '#detection/resources/floor-trend';
import {
  createRandom,
  leak,
  leakKinds,
  loadThenFree,
  type MemorySeries,
  sawtooth,
  stepLoad,
  warmUp,
} from './memory-series.ts';
import { tellRun } from './watched-run.ts';

const rounds = 300;

/** What the whole suite says of a series: its samples come every five seconds, for ten minutes. */
const judge = (series: MemorySeries): string => {
  const run = tellRun();
  for (const rssBytes of series.samples) run.go(5, { process: { rssBytes } }, 5000);
  // The last stretch is complete when the next one begins.
  run.go(5, { process: { rssBytes: series.samples.at(-1) ?? 0 } }, 5000);
  return run.level('memory-trend') ?? 'none';
};
const tally = (make: (random: () => number, round: number) => MemorySeries, seed: number): Record<string, number> => {
  const random = createRandom(seed);
  const counts: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    const level = judge(make(random, round));
    counts[level] = (counts[level] ?? 0) + 1;
  }
  return counts;
};

describe('the trend of a memory floor', () => {
  for (const seed of [11, 12]) {
    it(`raises no alarm on ${rounds} warm-ups (seed ${seed})`, () => {
      expect(tally((random, round) => warmUp(random, round % 2 === 0), seed)).to.deep.equal({ none: rounds });
    });

    it(`raises no alarm on ${rounds} loads in steps, and remembers at most 8 % of them (seed ${seed})`, () => {
      const counts = tally(stepLoad, seed);
      expect(counts).to.not.have.any.keys('warn', 'act');
      expect(counts.observe ?? 0).to.be.at.most(rounds * 0.08);
    });

    it(`finds ${rounds} of ${rounds} leaks of four kinds (seed ${seed})`, () => {
      const counts = tally((random, round) => leak(random, leakKinds[round % leakKinds.length] ?? 'slow'), seed);
      expect(counts.none ?? 0).to.equal(0);
      expect(counts.warn ?? 0).to.be.at.least(rounds * 0.98);
    });

    it(`raises at most 1 % of alarms on collectors and on data loaded and freed (seed ${seed})`, () => {
      expect(tally(sawtooth, seed).warn ?? 0).to.be.at.most(rounds * 0.01);
      expect(tally(loadThenFree, seed).warn ?? 0).to.be.at.most(rounds * 0.01);
    });
  }

  it('needs all its floors, growth worth speaking of, and no slowing down', () => {
    const line = Array.from({ length: floorsJudged }, (_, at) => 100 + at * 50);
    expect(judgeFloors(line, 1)).to.deep.equal({ kind: 'steady-rise', slope: 50 });
    expect(judgeFloors(line.slice(1), 1).kind).to.equal('flat');
    expect(judgeFloors(line, 60).kind).to.equal('flat');
    expect(
      judgeFloors(
        line.map((floor) => floor + 5000),
        1,
      ).kind,
    ).to.equal('flat');
    expect(
      judgeFloors(
        line.map((floor) => 1000 * Math.log2(floor)),
        1,
      ).kind,
    ).to.equal('flat');
  });
});
