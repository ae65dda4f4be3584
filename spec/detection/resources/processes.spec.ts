import { expect } from 'chai';
import { tellRun } from './watched-run.ts';

describe('processes of a run', () => {
  it('are counted, with those of the last minute and the rate of growth', () => {
    const run = tellRun().go(10, { process: { processes: 3, spawned: 1, zombies: 2, threads: 9, fds: 12 } });
    expect(run.signals()).to.include({
      'procs.count': 3,
      'procs.zombies': 2,
      'procs.threads': 9,
      'procs.fds': 12,
      'procs.spawned_1m': 19,
      'procs.spawn_rate': 0,
    });
    run.go(10, (second) => ({ process: { processes: 3 + 2 * second } }));
    expect(run.signals()['procs.spawn_rate']).to.be.closeTo(2, 0.2);
    expect(run.go(120, {}).signals()['procs.spawned_1m']).to.equal(0);
  });

  it('that multiply are acted on by their rate, before there are many', () => {
    const run = tellRun()
      .go(5, {})
      .go(3, (second) => ({ process: { processes: Math.round(1 + 40 * second), spawned: 20 } }), 100);
    expect(run.level('fan-out')).to.equal('act');
    expect(run.findings()[0]).to.include({ hard: true });
  });

  it('that are many, or four times as many as half a minute ago, are worth a warning', () => {
    expect(
      tellRun()
        .go(60, { process: { processes: 201 } })
        .level('fan-out'),
    ).to.equal('warn');
    expect(
      tellRun()
        .go(60, { process: { processes: 10 } })
        .go(20, (second) => ({ process: { processes: 10 + 2 * second } }))
        .level('fan-out'),
    ).to.equal('warn');
    expect(
      tellRun()
        .go(60, { process: { processes: 501 } })
        .level('fan-out'),
    ).to.equal('act');
  });

  it('of a build that comes and goes are left alone', () => {
    const run = tellRun().go(300, (second) => ({ process: { processes: 20 + (second % 12), spawned: 12, ended: 12 } }));
    expect(run.findings()).to.deep.equal([]);
  });

  it('that nobody reaps are told after a minute', () => {
    const run = tellRun().go(55, { process: { zombies: 25 } });
    expect(run.level('zombies')).to.equal(null);
    expect(run.go(10, { process: { zombies: 25 } }).level('zombies')).to.equal('warn');
  });

  it('whose descriptors only ever open are told within eleven minutes', () => {
    const run = tellRun().go(660, (second) => ({ process: { fds: Math.round(20 + second) } }), 5000);
    expect(run.level('descriptor-leak')).to.equal('warn');
    expect(
      tellRun()
        .go(660, (second) => ({ process: { fds: 200 + (Math.round(second) % 37) } }), 5000)
        .level('descriptor-leak'),
    ).to.equal(null);
  });
});
