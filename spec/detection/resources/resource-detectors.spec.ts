import { expect } from 'chai';
import { isSignalName } from '#protocol/signals';
import { tellRun } from './watched-run.ts';

const gib = 1024 ** 3;

describe('the resource detectors', () => {
  it('fill only signals that the catalogue knows, with finite numbers', () => {
    const signals = tellRun({ maxMemBytes: gib })
      .go(30, (second) => ({ process: { writtenBytes: second }, output: { lines: second, lastOutputAtMs: 1 } }))
      .signals();
    for (const [name, value] of Object.entries(signals)) {
      expect(isSignalName(name), name).to.equal(true);
      expect(Number.isFinite(value), `${name} ${value}`).to.equal(true);
    }
  });

  it('tell output by rate, age and lag', () => {
    const run = tellRun().go(10, (second) => ({
      output: {
        lines: 10 * second,
        bytes: 500 * second,
        lagBytes: 7,
        lastOutputAtMs: 1_700_000_000_000 + 1000 * second,
      },
    }));
    expect(run.signals()).to.include({ 'output.lines': 100, 'output.bytes': 5000, 'output.lag': 7, 'output.age': 0 });
    expect(run.signals()['output.line_rate']).to.be.closeTo(10, 0.5);
    expect(run.signals()['output.byte_rate']).to.be.closeTo(500, 25);
    run.go(10, { output: { lastOutputAtMs: 1_700_000_010_000 } });
    expect(run.signals()['output.age']).to.be.closeTo(10, 0.6);
  });

  it('tell the age of a run without its pauses and whatever the wall clock does', () => {
    const run = tellRun().go(10, {}).go(60, { isPaused: true }).sleep(-7200).go(10, {}).sleep(7200).go(10, {});
    expect(run.signals()['run.age']).to.be.closeTo(30, 1);
  });

  it('tell of the volume written and of a disk that fills up', () => {
    const run = tellRun().go(60, (second) => ({ process: { writtenBytes: second * 5_000_000 } }));
    expect(run.signals()['disk.write_rate']).to.be.closeTo(5_000_000, 100_000);
    expect(run.findings()).to.deep.equal([]);
    run.go(5, (second) => ({
      process: { writtenBytes: 300_000_000 + second * 5_000_000 },
      host: { diskFreeBytes: 0.5 * gib },
    }));
    expect(run.level('disk-volume')).to.equal('warn');
    expect(
      tellRun()
        .go(600, (second) => ({ process: { writtenBytes: second * 50_000_000 } }))
        .level('disk-volume'),
    ).to.equal('warn');
  });

  it('leave unknown what the host has not told yet', () => {
    const signals = tellRun()
      .go(5, { host: { memTotalBytes: 0, memAvailableBytes: 0, diskFreeBytes: null } })
      .signals();
    expect(signals).to.not.have.any.keys('host.mem.available', 'host.disk.free', 'mem.share_of_used_pct');
  });

  it('stay small, however long they look', () => {
    expect(
      tellRun()
        .go(7200, (second) => ({ process: { rssBytes: second * 1000, processes: Math.round(second) % 90 } }))
        .stateBytes(),
    ).to.be.lessThan(32 * 1024);
  });
});
