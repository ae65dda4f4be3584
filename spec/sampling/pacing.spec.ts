import { expect } from 'chai';
import type { ProcessFigures } from '#protocol/observations';
import { createPace, type PaceLimits } from '#sampling/pacing';

const quiet: ProcessFigures = {
  cpuPct: 0,
  demandPct: 0,
  rssBytes: 1000,
  processes: 1,
  zombies: 0,
  threads: 1,
  fds: null,
  readBytes: 0,
  writtenBytes: 0,
  spawned: 0,
  ended: 0,
  mainAlive: true,
};

/** How many of the turns from `fromMs` to `toMs` evaluate a run that always shows `figures`. */
const looks = (
  limits: PaceLimits,
  seen: {
    figures: (monoMs: number) => Partial<ProcessFigures>;
    fromMs: number;
    toMs: number;
    runs?: number;
    outputBytes?: number;
  },
): number => {
  const pace = createPace(limits, { startedMonoMs: 0, fleetSize: () => seen.runs ?? 1 });
  let count = 0;
  for (let monoMs = 0; monoMs < seen.toMs; monoMs += 100) {
    if (!pace.isDue(monoMs)) continue;
    pace.note(monoMs, { figures: { ...quiet, ...seen.figures(monoMs) }, outputBytes: seen.outputBytes ?? 0 });
    if (monoMs >= seen.fromMs) count++;
  }
  return count;
};

describe('the pace of a run', () => {
  const standard = { pollIntervalMs: 500, maxMemBytes: null, maxCpuPct: 60 };

  it('is every turn while it is young, then its interval', () => {
    expect(looks(standard, { figures: () => ({ cpuPct: 50 }), fromMs: 0, toMs: 2000 })).to.equal(20);
    expect(looks(standard, { figures: () => ({ cpuPct: 50 }), fromMs: 10_000, toMs: 20_000 })).to.equal(20);
  });

  it('is once a second while nothing happens', () => {
    expect(looks(standard, { figures: () => ({}), fromMs: 20_000, toMs: 30_000 })).to.equal(10);
  });

  it('is every turn over half of a memory limit, while memory grows fast, and while processes multiply', () => {
    const window = { fromMs: 10_000, toMs: 20_000 };
    expect(looks({ ...standard, maxMemBytes: 1900 }, { figures: () => ({}), ...window })).to.equal(100);
    expect(looks(standard, { figures: (monoMs) => ({ rssBytes: monoMs * 100_000 }), ...window })).to.equal(100);
    expect(looks(standard, { figures: () => ({ spawned: 6 }), ...window })).to.equal(100);
  });

  it('is once a second in a large fleet too, until it comes near pressure or floods', () => {
    const window = { fromMs: 10_000, toMs: 20_000, runs: 101 };
    expect(looks(standard, { figures: () => ({ cpuPct: 29 }), ...window })).to.equal(10);
    expect(looks(standard, { figures: () => ({ cpuPct: 29 }), ...window, runs: 100 })).to.equal(20);
    expect(looks(standard, { figures: () => ({ cpuPct: 31 }), ...window })).to.equal(20);
    expect(looks(standard, { figures: () => ({ cpuPct: 1, demandPct: 31 }), ...window })).to.equal(20);
    expect(looks(standard, { figures: () => ({ cpuPct: 1 }), ...window, outputBytes: 100_000 })).to.equal(20);
  });

  it('is slower for the calm runs of a very large fleet, and for them alone', () => {
    const window = { fromMs: 9_000, toMs: 21_000 };
    const calm = { figures: () => ({ cpuPct: 1 }), ...window };
    expect([333, 500, 2_000].map((runs) => looks(standard, { ...calm, runs }))).to.deep.equal([12, 8, 4]);
    expect(looks(standard, { ...calm, figures: () => ({ cpuPct: 31 }), runs: 2_000 })).to.equal(24);
  });
});
