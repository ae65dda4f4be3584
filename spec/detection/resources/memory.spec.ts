import { expect } from 'chai';
import { tellRun } from './watched-run.ts';

const mib = 1024 * 1024;
const gib = 1024 * mib;

describe('memory of a run', () => {
  it('is measured: now, its growth over ten seconds, its share of what is used', () => {
    const run = tellRun().go(20, (second) => ({ process: { rssBytes: (100 + 10 * second) * mib } }));
    expect(run.signals()['mem.rss']).to.equal(300 * mib);
    expect(run.signals()['mem.growth']).to.be.closeTo(10 * mib, mib / 2);
    expect(run.signals()['mem.share_of_used_pct']).to.be.closeTo((300 * mib * 100) / (4 * gib), 0.01);
  });

  it('is warned of at 80 % of the limit, and acted on at the limit: at once when well over, else at the second look', () => {
    const run = tellRun({ maxMemBytes: 100 * mib });
    expect(run.go(1, { process: { rssBytes: 79 * mib } }).level('memory-limit')).to.equal(null);
    expect(run.go(1, { process: { rssBytes: 85 * mib } }).level('memory-limit')).to.equal('warn');
    expect(run.go(0.5, { process: { rssBytes: 101 * mib } }).level('memory-limit')).to.equal('warn');
    expect(run.go(0.5, { process: { rssBytes: 101 * mib } }).level('memory-limit')).to.equal('act');
    expect(
      tellRun({ maxMemBytes: 100 * mib })
        .go(0.5, { process: { rssBytes: 110 * mib } })
        .level('memory-limit'),
    ).to.equal('act');
  });

  it('keeps the moment at which a level was reached', () => {
    const run = tellRun({ maxMemBytes: 100 * mib }).go(5, { process: { rssBytes: 110 * mib } });
    const [finding] = run.findings();
    run.go(5, { process: { rssBytes: 120 * mib } });
    expect(run.findings()[0]).to.include({ atMs: finding?.atMs, hard: true });
    expect(run.findings()[0]?.evidence.lastAtMs).to.be.greaterThan(finding?.atMs ?? 0);
    expect(run.go(12, { process: { rssBytes: 10 * mib } }).findings()).to.deep.equal([]);
  });

  it('that leaks is told with the time to the limit', () => {
    const run = tellRun({ maxMemBytes: 4 * gib }).go(
      660,
      (second) => ({ process: { rssBytes: (100 + second) * mib } }),
      5000,
    );
    expect(run.level('memory-trend')).to.equal('warn');
    expect(run.signals()['mem.floor_growth']).to.be.closeTo(mib, mib / 20);
    expect(run.signals()['mem.time_to_limit']).to.be.closeTo(4096 - 760, 200);
    expect(run.signals()['mem.trend_level']).to.equal(2);
    expect(run.findings()[0]?.evidence.summary).to.match(/60 MiB a minute.*full in 5\d min/);
  });

  it('that will be full within five minutes is remembered after one', () => {
    const run = tellRun({ maxMemBytes: gib }).go(70, (second) => ({ process: { rssBytes: (100 + 5 * second) * mib } }));
    expect(run.level('memory-trend')).to.equal('observe');
    expect(run.signals()['mem.time_to_limit']).to.be.within(90, 150);
  });

  it('is acted on when the host runs out and this run holds most of it, and only then', () => {
    const scarce = { memAvailableBytes: 0.5 * gib };
    expect(
      tellRun()
        .go(2, { host: scarce, process: { rssBytes: 10 * gib } })
        .level('host-memory'),
    ).to.equal('act');
    expect(
      tellRun()
        .go(2, { host: scarce, process: { rssBytes: gib } })
        .level('host-memory'),
    ).to.equal(null);
    expect(
      tellRun()
        .go(2, { host: { memAvailableBytes: 1.4 * gib }, process: { rssBytes: 10 * gib } })
        .level('host-memory'),
    ).to.equal('warn');
  });
});
