import { expect } from 'chai';
import { compilePolicy, hashOf } from '#policy/compile-policy';
import { type RunPeaks, suggestThresholds, toPolicyYaml } from '#policy/suggest-thresholds';

const MiB = 1024 ** 2;
const runs = (...memory: number[]): RunPeaks[] =>
  memory.map((mib, index) => ({ name: `run-${index}`, peaks: { 'mem.rss': mib * MiB, 'tools.repeats': 0 } }));

describe('suggested thresholds', () => {
  it('stand a quarter above the highest healthy run, rounded up to what two digits say', () => {
    const [memory, ...rest] = suggestThresholds(runs(100, 200, 300, 290));
    expect(rest).to.deep.equal([]);
    expect(memory).to.include({ signal: 'mem.rss', written: '380*MiB', runs: 4, highestRun: 'run-2', falseAlarms: 0 });
  });

  it('say how sure they are: nothing in three runs is little, nothing in sixty is much', () => {
    const sureness = [3, 60].map((count) => suggestThresholds(runs(...Array(count).fill(100)))[0]?.atMost ?? 0);
    expect(sureness[0]).to.be.closeTo(1 - 0.05 ** (1 / 3), 1e-6);
    expect(sureness[1]).to.be.closeTo(0.0487, 1e-3);
  });

  it('count a run that the others would not have foreseen', () => {
    const [memory] = suggestThresholds(runs(100, 100, 100, 500));
    expect(memory?.falseAlarms).to.equal(1);
    expect(memory?.atMost).to.be.closeTo(0.7514, 1e-3);
  });

  it('are not made from fewer than three runs', () => {
    expect(suggestThresholds(runs(100, 200))).to.deep.equal([]);
  });

  it('are a policy that compiles', () => {
    const text = toPolicyYaml(suggestThresholds(runs(290, 280, 300)), { runs: 3, atMs: Date.UTC(2031, 4, 4) });
    const files = [{ path: 'suggested.yaml', text }];
    const policy = compilePolicy({ name: 'suggested', hash: hashOf(files), files });
    expect(policy.rules.map(({ id }) => id)).to.include('unusual-mem-rss');
    expect(policy.rollout.mode).to.equal('shadow');
    expect(text).to.match(/judged by the others, 0 of 3 would alarm; at most 63 % of runs \(95 % sure\)/);
  });
});
