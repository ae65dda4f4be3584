import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { corpusTable } from '#offline/corpus-table';
import { createScan, type ScanFormat, type ScanResult } from '#offline/scan';
import { scanCorpus } from '#offline/scan-corpus';
import { scanFile } from '#offline/scan-file';
import { createRedactor } from '#redaction/redact';

const options = { linesPerSecond: 20, logWindowLines: 10 };
const scanned = (text: string, format: ScanFormat = 'auto', pieceBytes = Number.POSITIVE_INFINITY): ScanResult => {
  const scan = createScan({ ...options, format, redact: createRedactor() });
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += pieceBytes)
    scan.feed(bytes.subarray(from, Math.min(bytes.length, from + pieceBytes)));
  return scan.finish();
};
const lines = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${text(index)}\n`).join('');
const stamp = (ms: number): string => new Date(1_900_000_000_000 + ms).toISOString();
const comparable = ({ level, findings, lines: count, bytes }: ScanResult) => ({
  level,
  count,
  bytes,
  findings: findings.map(({ detector, level: own, atLine, count: times }) => ({ detector, own, atLine, times })),
});

describe('scan', () => {
  it('goes by the clock of the log where it has one', () => {
    const fast = scanned(lines(300, (index) => `${stamp(index * 200)} error: nobody answers`));
    expect(fast.level).to.equal('act');
    expect(fast.findings[0]).to.include({ detector: 'periodic-lines', level: 'warn', atLine: 51 });
    const slow = scanned(lines(300, (index) => `${stamp(index * 60_000)} error: nobody answers`));
    expect(slow.findings.filter((finding) => finding.level === 'act')).to.deep.equal([]);
  });

  it('paces what has no clock', () => {
    expect(scanned(lines(250, () => 'error: nobody answers')).findings[0]).to.include({ level: 'warn', atLine: 201 });
  });

  it('paces a loop without stamps at the end of a log with stamps', () => {
    const { findings } = scanned(
      lines(40, (index) => `${stamp(index * 900)} stored page ${index}`) + lines(300, () => 'error: nobody answers'),
    );
    expect(findings[0]?.atLine).to.be.within(240, 255);
  });

  it('reads every clock that logs carry', () => {
    const clocks: readonly ((second: number) => string)[] = [
      (second) => `2031-02-03 04:0${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')},250`,
      (second) => `[03/Feb/2031:04:0${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')} +0000]`,
      (second) => `Feb  3 04:0${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')} host job:`,
      (second) => `31/02/03 04:0${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')}`,
      (second) => `04:0${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')} -`,
      (second) => `${1_900_000_000 + second}`,
    ];
    for (const clock of clocks) {
      const { findings } = scanned(lines(400, (index) => `${clock(Math.floor(index / 4))} error: nobody answers`));
      expect(findings[0]?.atLine, clock(7)).to.be.within(40, 45);
    }
  });

  it('finds the same wherever the bytes are cut', () => {
    const text = lines(30, (index) => `made part ${index}`) + lines(400, (index) => `error ${index}: nobody answers`);
    for (const size of [1, 7, 1000, 70_000])
      expect(comparable(scanned(text, 'auto', size))).to.deep.equal(comparable(scanned(text)));
  });

  it('reads lines that carry their time of arrival', () => {
    const record = (index: number): string => JSON.stringify({ t: index / 5, line: 'error: nobody answers' });
    expect(scanned(lines(200, record)).findings[0]).to.include({
      detector: 'periodic-lines',
      level: 'warn',
      atLine: 51,
    });
  });

  it('reads events and raw text', () => {
    const call = (index: number): string =>
      [
        { t: 'tool_call', id: `c${index}`, name: 'open', args: { door: 'front' } },
        { t: 'tool_result', id: `c${index}`, ok: false, output: 'the door is locked' },
      ]
        .map((event) => JSON.stringify(event))
        .join('\n');
    expect(['warn', 'act']).to.contain(scanned(lines(8, call)).level);
    expect(['warn', 'act']).to.contain(scanned('on and on and '.repeat(300), 'text').level);
    expect(scanned('A short answer, and that is that.', 'text').level).to.equal('none');
  });

  it('survives what is no log at all', () => {
    for (const text of ['', '\n', '{', '{"t":', '\u0000\u0000', '{}\n{"t":5}\n'])
      expect(scanned(text).level).to.equal('none');
  });
});

describe('a scanned corpus', () => {
  let dir = '';
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'corpus-'));
    await writeFile(
      path.join(dir, 'calm.txt'),
      lines(200, (index) => `stored page ${index}`),
    );
    await writeFile(
      path.join(dir, 'wild.txt'),
      lines(900, () => 'error: nobody answers'),
    );
    await writeFile(
      path.join(dir, 'manifest.jsonl'),
      '{"file":"calm.txt","label":"healthy","kind":"store"}\n{"file":"wild.txt","label":"runaway","kind":"store"}\n',
    );
    await writeFile(
      path.join(dir, 'loop-cases.jsonl'),
      `${JSON.stringify({ id: 'l1', kind: 'lines', tier: 'core', expected: 'no_loop', input: [{ t: 0, line: 'ready' }] })}\n`,
    );
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('comes out as a confusion table', async () => {
    const table = corpusTable(await scanCorpus(dir, { ...options, format: 'auto' }));
    expect(table)
      .to.contain('| healthy | 1 | 1 | 0 | 0 | 0 |')
      .and.contain('| runaway | 1 | 0 | 0 | 0 | 1 |')
      .and.contain('| core: lines | 0 | 0 | 0 | 1 |');
  });

  it('says what is missing', async () => {
    const failure = await scanCorpus(path.join(dir, 'nowhere'), { ...options, format: 'auto' }).then(() => '', String);
    // The manifest above a folder counts too, so that its streams may be named alone.
    expect(failure).to.equal('');
    const none = await scanCorpus(tmpdir(), { ...options, format: 'auto' }).then(() => '', String);
    expect(none).to.contain('manifest.jsonl');
    expect(
      await scanFile(path.join(dir, 'gone.txt'), { ...options, format: 'auto', redact: createRedactor() }).then(
        () => '',
        String,
      ),
    ).to.contain('ENOENT');
  });
});
