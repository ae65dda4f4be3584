import { appendFileSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { DecisiveEvent } from '#protocol/decisive-events';
import type { RunId } from '#protocol/ids';
import { parseTail, printTailLine, tailHeader } from '#record/parse-recording';
import { toColumns, toRows } from '#record/recording-columns';
import { openRecordings, type RecordedRow, type Recordings } from '#record/recordings';
import { withHome } from './temporary-home.ts';
import { newRunId } from './told-facts.ts';

const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

/** From the twentieth row on a call comes back with the same result, and sometimes a line comes around too. */
const decisiveAt = (n: number): readonly DecisiveEvent[] =>
  n < 20
    ? []
    : [
        { detector: 'tool-cycle', kind: 'call', hash: 5_123_456_789_012, resultHash: 77, count: n },
        ...(n % 3 === 0
          ? [{ detector: 'periodic-lines', kind: 'line', hash: 4_000_000_001, resultHash: null, count: 2 * n } as const]
          : []),
      ];

/** A row of a run that nothing was done to. */
const rowOf = (runId: RunId, signals: RecordedRow['signals'], decisive: readonly DecisiveEvent[] = []) => ({
  ...{ runId, policyHash: 'p', isFirst: false, acknowledged: [], extraUsd: {}, extraTokens: {} },
  ...{ signals, decisive },
});

const record = async (recordings: Recordings, runId: RunId, span: { from: number; count: number }): Promise<void> => {
  for (let n = span.from; n < span.from + span.count; n += 1) {
    const signals = {
      'cpu.pct': n + 0.123456789,
      'limit.cpu_pct': 60,
      'agent.state': 'working',
      ...(n % 2 === 0 && { 'mem.rss': n }),
    };
    await recordings.append({
      atMs: 1000 + n,
      rows: [{ ...rowOf(runId, signals, decisiveAt(n)), isFirst: n === 0 }],
    });
  }
};

const rowsOf = async (recordings: Recordings, runId: RunId): Promise<RecordedRow[]> => {
  const rows: RecordedRow[] = [];
  for await (const row of recordings.rows(runId, everything)) rows.push(row);
  return rows;
};

describe('recordings', () => {
  it('give back exactly what was judged, from chunks and from what is not in one yet', () =>
    withHome(async (home) => {
      const recordings = await openRecordings(home);
      const runId = newRunId();
      await record(recordings, runId, { from: 0, count: 300 });
      const rows = await rowsOf(recordings, runId);
      expect(rows.map(({ atMs }) => atMs)).to.deep.equal(Array.from({ length: 300 }, (_, n) => 1000 + n));
      expect(rows[7]).to.deep.equal({
        atMs: 1007,
        policyHash: 'p',
        isFirst: false,
        acknowledged: [],
        extraUsd: {},
        extraTokens: {},
        signals: { 'cpu.pct': 7.123456789, 'limit.cpu_pct': 60, 'agent.state': 'working' },
        decisive: [],
      });
      expect(rows[50]?.decisive).to.deep.equal(decisiveAt(50));
      expect(rows[299]?.decisive, 'not in a chunk yet').to.deep.equal(decisiveAt(299));
      expect(rows[299]?.signals['mem.rss']).to.equal(undefined);
      await recordings.close();
    }));

  it('keep the counts of patterns, which no table lists, in chunks and in the tail', () =>
    withHome(async (home) => {
      const recordings = await openRecordings(home);
      const runId = newRunId();
      for (let n = 0; n < 200; n += 1) {
        const signals = { 'cpu.pct': n, ...(n >= 20 && { 'log.matches_ab12cd34ef56': n - 20 }) };
        await recordings.append({ atMs: 1000 + n, rows: [rowOf(runId, signals)] });
      }
      const rows = await rowsOf(recordings, runId);
      expect([0, 19, 20, 100, 199].map((n) => rows[n]?.signals['log.matches_ab12cd34ef56'])).to.deep.equal([
        undefined,
        undefined,
        0,
        80,
        179,
      ]);
      await recordings.close();
    }));

  it('tell what was added to budgets, in dollars and in tokens, and pass over tokens where none ever were', () => {
    const row = { atMs: 1, policyHash: 'p', isFirst: true, acknowledged: [], signals: { 'cpu.pct': 1 }, decisive: [] };
    const plain = { ...row, extraUsd: { own: 2.5 }, extraTokens: {} };
    const extended = { ...row, atMs: 2, extraUsd: { own: 2.5 }, extraTokens: { own: 5e6 } };
    const columns = toColumns([plain, extended]);
    expect([...toRows(columns)]).to.deep.equal([plain, extended]);
    expect(toColumns([plain]).extraTokens).to.equal(undefined);
    expect([...toRows(toColumns([plain]))]).to.deep.equal([plain]);
    const { line } = printTailLine({ atMs: 2, rows: [{ ...extended, runId: newRunId() }] });
    expect(parseTail(`${tailHeader()}${line}`)[0]?.rows[0]?.extraTokens).to.deep.equal({ own: 5e6 });
  });

  it('can be read where an earlier version wrote them, without decisive events', () => {
    const row = {
      atMs: 1,
      policyHash: 'p',
      isFirst: true,
      acknowledged: [],
      extraUsd: {},
      extraTokens: {},
      signals: { 'cpu.pct': 1 },
    };
    const { decisive, ...earlier } = toColumns([{ ...row, decisive: decisiveAt(30) }]);
    expect(decisive).to.have.length(2);
    expect([...toRows(earlier)]).to.deep.equal([{ ...row, decisive: [] }]);
    const line = JSON.stringify({ atMs: 1, hashes: ['p'], rows: [['r', 0, [0, 1], { isFirst: true }]] });
    expect(parseTail(`\n${line}`)[0]?.rows[0]).to.deep.include({
      isFirst: true,
      extraUsd: {},
      extraTokens: {},
      decisive: [],
    });
  });

  it('lose and repeat nothing that was confirmed when the thread dies, and pass over what was cut short', () =>
    withHome(async (home) => {
      const runId = newRunId();
      const dying = await openRecordings(home);
      await record(dying, runId, { from: 0, count: 150 });
      appendFileSync(join(home, 'recordings/tail.jsonl'), '\n{"atMs":9999,"hashes":["p"],"rows":[["');
      const next = await openRecordings(home);
      await record(next, runId, { from: 150, count: 10 });
      const times = (await rowsOf(next, runId)).map(({ atMs }) => atMs);
      expect(times).to.deep.equal(Array.from({ length: 160 }, (_, n) => 1000 + n));
      await next.close();
      const file = join(home, 'recordings', `${runId}.rec`);
      truncateSync(file, statSync(file).size - 3);
      const last = await openRecordings(home);
      expect((await rowsOf(last, runId)).length).to.be.within(120, 159);
      await last.close();
    }));

  it('can be read whole again after a death in the middle of a chunk', () =>
    withHome(async (home) => {
      const runId = newRunId();
      const dying = await openRecordings(home);
      await record(dying, runId, { from: 0, count: 130 });
      appendFileSync(join(home, 'recordings', `${runId}.rec`), Buffer.from([0x46, 0x46, 0x52, 0x31, 0, 0, 9]));
      const next = await openRecordings(home);
      await record(next, runId, { from: 130, count: 150 });
      const times = (await rowsOf(next, runId)).map(({ atMs }) => atMs);
      expect(times).to.deep.equal(Array.from({ length: 280 }, (_, n) => 1000 + n));
      await next.close();
      await dying.close();
    }));

  it('thin a long series without losing its peak', () =>
    withHome(async (home) => {
      const recordings = await openRecordings(home);
      const runId = newRunId();
      await record(recordings, runId, { from: 0, count: 250 });
      await recordings.append({ atMs: 5000, rows: [rowOf(runId, { 'cpu.pct': 9000 })] });
      await record(recordings, runId, { from: 4001, count: 20 });
      const series = await recordings.read(runId, { ...everything, maxPoints: 30 });
      expect(series.atMs.length).to.be.at.most(30);
      expect(series.columns['cpu.pct']).to.include(9000);
      expect(series.columns['agent.state']).to.equal(undefined);
      const part = await recordings.read(runId, { fromMs: 1010, toMs: 1019, maxPoints: 100 });
      expect(part.atMs).to.have.length(10);
      await recordings.close();
    }));

  it('are small and private', () =>
    withHome(async (home) => {
      const recordings = await openRecordings(home);
      const runId = newRunId();
      await record(recordings, runId, { from: 0, count: 1200 });
      await recordings.close();
      const [name] = readdirSync(join(home, 'recordings')).filter((file) => file.endsWith('.rec'));
      const { size, mode } = statSync(join(home, 'recordings', name ?? ''));
      expect(size / 1200).to.be.below(20);
      expect(mode & 0o077).to.equal(0);
      expect(statSync(join(home, 'recordings/tail.jsonl')).size).to.equal(0);
    }));
});
