import { expect } from 'chai';
import type { ProgressMark } from '#protocol/observations';
import { tellRun } from './watched-run.ts';

const busy = { process: { cpuPct: 100 } };
const mark: ProgressMark = { atMs: 0, source: 'heartbeat', sharePct: null, detail: '' };

describe('CPU of a run', () => {
  it('is told as it is and as the mean of ten seconds', () => {
    const run = tellRun()
      .go(10, busy)
      .go(5, { process: { cpuPct: 0 } });
    expect(run.signals()['cpu.pct']).to.equal(0);
    expect(run.signals()['cpu.pct_10s']).to.be.closeTo(50, 3);
  });

  it('has no mean before a second has passed', () => {
    expect(tellRun().go(0.5, busy).signals()).to.not.have.property('cpu.pct_10s');
  });

  it('over its threshold is remembered after ten seconds and forgotten when it falls', () => {
    const run = tellRun().go(9, busy);
    expect(run.level('cpu')).to.equal(null);
    expect(run.go(6, busy).level('cpu')).to.equal('observe');
    expect(run.go(30, { process: { cpuPct: 5 } }).level('cpu')).to.equal(null);
  });

  it('at a full core is worth a warning after five minutes that show nothing, and never more', () => {
    expect(tellRun().go(290, busy).level('cpu')).to.equal('observe');
    expect(tellRun().go(1000, busy).level('cpu')).to.equal('warn');
  });

  it('is no cause for a warning while the job reads, writes or shows progress', () => {
    expect(
      tellRun()
        .go(1000, (second) => ({ process: { cpuPct: 100, readBytes: second } }))
        .level('cpu'),
    ).to.equal('observe');
    expect(
      tellRun()
        .go(1000, (second) => ({ ...busy, progress: second % 60 === 0 ? [mark] : [] }))
        .level('cpu'),
    ).to.equal('observe');
  });
});
