import { appendFileSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunId } from '#protocol/ids';
import { openRecordings, type RecordedRow, type Recordings } from '#record/recordings';
import { withHome } from './temporary-home.ts';
import { newRunId } from './told-facts.ts';

const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

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
      rows: [{ runId, policyHash: 'p', isFirst: n === 0, acknowledged: [], extraUsd: {}, signals }],
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
        signals: { 'cpu.pct': 7.123456789, 'limit.cpu_pct': 60, 'agent.state': 'working' },
      });
      expect(rows[299]?.signals['mem.rss']).to.equal(undefined);
      await recordings.close();
    }));

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

  it('thin a long series without losing its peak', () =>
    withHome(async (home) => {
      const recordings = await openRecordings(home);
      const runId = newRunId();
      await record(recordings, runId, { from: 0, count: 250 });
      await recordings.append({
        atMs: 5000,
        rows: [
          { runId, policyHash: 'p', isFirst: false, acknowledged: [], extraUsd: {}, signals: { 'cpu.pct': 9000 } },
        ],
      });
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
