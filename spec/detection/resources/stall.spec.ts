import { expect } from 'chai';
import { tellRun } from './watched-run.ts';

const minutes = (count: number): number => count * 60;

describe('a stall', () => {
  it('is silence in everything for longer than what is open can explain', () => {
    for (const [stateOfAgent, patience] of [
      [null, 5],
      ['idle', 5],
      ['working', 10],
      ['tool', 20],
      ['sub_agent', 30],
    ] as const) {
      expect(
        tellRun()
          .go(minutes(patience) - 5, { stateOfAgent })
          .level('stall'),
        `${stateOfAgent} before`,
      ).to.equal(null);
      expect(
        tellRun()
          .go(minutes(patience) + 5, { stateOfAgent })
          .level('stall'),
        `${stateOfAgent} after`,
      ).to.equal('warn');
      expect(
        tellRun()
          .go(minutes(3 * patience) + 5, { stateOfAgent }, 5000)
          .level('stall'),
        `${stateOfAgent} long after`,
      ).to.equal('act');
    }
  });

  it('is not waiting for a person', () => {
    const run = tellRun().go(minutes(600), { stateOfAgent: 'needs_input' }, 5000);
    expect(run.findings()).to.deep.equal([]);
    expect(run.signals()['stall.level']).to.equal(0);
  });

  it('is soft: it never acts alone', () => {
    expect(tellRun().go(minutes(20), {}).findings()[0]?.hard).to.equal(false);
  });

  it('ends with any sign of life', () => {
    for (const sign of [
      { output: { bytes: 9 } },
      { process: { readBytes: 1 } },
      { process: { spawned: 1 } },
      { process: { cpuPct: 50 } },
    ]) {
      const run = tellRun().go(minutes(4), {}).go(5, sign);
      expect(run.signals()['stall.age'], JSON.stringify(sign)).to.be.lessThan(6);
    }
  });

  it('is not broken by the timer of an event loop', () => {
    const run = tellRun().go(minutes(6), (second) => ({ process: { cpuPct: second % 5 === 0 ? 2 : 0 } }));
    expect(run.level('stall')).to.equal('warn');
  });

  it('leaves out the time a machine slept, a daemon stood still, and a run was paused', () => {
    const run = tellRun()
      .go(minutes(2), {})
      .sleep(3600)
      .go(10, {})
      .gap(3600)
      .go(10, {})
      .go(minutes(30), { isPaused: true });
    expect(run.signals()['stall.age']).to.be.closeTo(140, 3);
    expect(run.level('stall')).to.equal(null);
  });

  it('of an agent that has finished is not exiting within a minute, whatever its CPU', () => {
    const run = tellRun()
      .go(30, { stateOfAgent: 'working' })
      .go(65, { stateOfAgent: 'finished', process: { cpuPct: 3 } });
    expect(run.level('stall')).to.equal('warn');
    expect(run.findings()[0]?.evidence.summary).to.match(/finished .* ago and did not exit/);
  });
});
