import { expect } from 'chai';
import { createChangedRows } from '#gateway/changed-rows';
import { createSeats } from '#gateway/seats';
import type { RunId } from '#protocol/ids';
import type { LiveRow } from '#protocol/messages';
import { newRunId } from '../record/told-facts.ts';

const row = (runId: RunId, signals: LiveRow['signals'], lastLine: string | null = null): LiveRow => ({
  runId,
  atMs: 1,
  signals,
  lastLine,
  rules: [],
  findings: [],
});

describe('the rows of a frame', () => {
  it('are those whose numbers differ by what a person can see', () => {
    const changed = createChangedRows();
    const runId = newRunId();
    const first = row(runId, { 'cpu.pct': 50.2, 'mem.rss': 1_000_000 });
    changed.seen(null, first);
    expect(changed.take().ticks).to.have.length(1);
    changed.seen(first, row(runId, { 'cpu.pct': 50.4, 'mem.rss': 1_000_100 }));
    expect(changed.take().ticks).to.deep.equal([]);
    changed.seen(first, row(runId, { 'cpu.pct': 51.4, 'mem.rss': 1_000_100 }));
    expect(changed.take().ticks[0]?.[1]).to.equal(51);
  });

  it('come for the age of progress only when it falls', () => {
    const changed = createChangedRows();
    const runId = newRunId();
    const told = [10, 11, 60, 2].map((age) => {
      changed.seen(row(runId, {}), row(runId, { 'progress.age': age }));
      return changed.take().ticks.length;
    });
    expect(told).to.deep.equal([1, 0, 0, 1]);
  });

  it('carry newest lines a few at a time, and every one in the end', () => {
    const changed = createChangedRows();
    const runIds = Array.from({ length: 35 }, () => newRunId());
    for (const runId of runIds) changed.seen(row(runId, {}, 'before'), row(runId, {}, 'after'));
    const frames = [1, 2, 3, 4, 5].map(() => changed.take().rows);
    expect(frames.map((rows) => rows.length)).to.deep.equal([10, 10, 10, 5, 0]);
    expect(new Set(frames.flat()).size).to.equal(35);
  });
});

describe('the seats of streams', () => {
  it('S18: are sixty-four in all and eight for one peer, and come back once', () => {
    const seats = createSeats({ inAll: 64, perPeer: 8 });
    const taken = Array.from({ length: 500 }, (_, n) => seats.take(`peer-${n % 20}`)).filter((seat) => seat !== null);
    expect(taken).to.have.length(64);
    const [first] = taken;
    first?.();
    first?.();
    expect(seats.taken()).to.equal(63);
    expect(Array.from({ length: 20 }, () => seats.take('newcomer')).filter((seat) => seat !== null)).to.have.length(1);
  });
});
