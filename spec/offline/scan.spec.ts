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
    expect(fast.level).to.equal('warn');
    expect(fast.findings[0]).to.include({ detector: 'periodic-lines', level: 'warn', atLine: 51 });
    const slow = scanned(lines(300, (index) => `${stamp(index * 60_000)} error: nobody answers`));
    expect(slow.findings.filter((finding) => finding.level === 'act')).to.deep.equal([]);
  });

  it('warns of a service that waits for another twice a second, and does not act', () => {
    const { level } = scanned(lines(200, (index) => `${stamp(index * 500)} waiting for the queue: connection refused`));
    expect(level).to.equal('warn');
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

  const isoAt = (ms: number): string => new Date(Date.UTC(2031, 1, 3, 11, 58) + ms).toISOString();
  const secondsAt = (ms: number): number => 1_930_000_000 + ms / 1000;
  const recordHead = JSON.stringify({ sev: 'error', text: 'nobody answers', room: 7 }).slice(0, -1);
  const americanAt = (ms: number): string =>
    new Date(isoAt(ms)).toLocaleString('en-US', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' });
  const patientClocks: readonly [string, (ms: number) => string][] = [
    ['thousandths under a name', (ms) => `{"sev":50,"time":${secondsAt(ms) * 1000},"text":"error: nobody answers"}`],
    ['seconds with a fraction', (ms) => `{"sev":"error","ts":${secondsAt(ms)}.25,"text":"nobody answers"}`],
    ['a date at the end of a record', (ms) => `${recordHead},"timestamp":"${isoAt(ms)}"}`],
    ['a date before the version of a record', (ms) => `${recordHead},"eventTime":"${isoAt(ms)}","v":0}`],
    [
      'a date at the end of a long record',
      (ms) => `{"log":"error: nobody answers ${'and so on '.repeat(90)}","stream":"stderr","time":"${isoAt(ms)}"}`,
    ],
    ['key=value', (ms) => `level=error ts=${secondsAt(ms)} msg="nobody answers"`],
    ['the uptime of a kernel', (ms) => `[${(40 + ms / 1000).toFixed(6).padStart(12)}] usb 1-1: error, nobody answers`],
    ['a date without marks', (ms) => `${isoAt(ms).replace(/[-:]|\.\d+/g, '')} error: nobody answers`],
    ['an American date', (ms) => `[web] 77  - ${americanAt(ms)}   ERROR nobody answers`],
    ['an American clock', (ms) => `${americanAt(ms).split(', ')[1]} - error: nobody answers`],
    [
      'a European date',
      (ms) => `${isoAt(ms).replace(/(....)-(..)-(..)T(.{8}).*/, '$3/$2/$1 $4')} error: nobody answers`,
    ],
    ['an audit', (ms) => `type=AVC msg=audit(${secondsAt(ms)}.125:${ms / 1000}): error, access denied`],
  ];
  for (const [name, clock] of patientClocks)
    it(`keeps silent about a fault once a minute, told by ${name}`, () => {
      const { level } = scanned(lines(400, (index) => clock(index * 60_000)));
      expect(level, clock(0)).to.be.oneOf(['none', 'observe']);
    });

  it('takes an id as large as a time for no time', () => {
    for (const name of ['order=', '"order":', 'order:'])
      expect(
        scanned(lines(300, (index) => `${name}${1_500_000_000 + ((index * 7919) % 1000) * 1e6} failed: no answer`))
          .level,
        name,
      ).to.equal('warn');
  });

  it('stays with the clock that a log began with', () => {
    const text = lines(300, (index) => `${stamp(index * 200)} error: no news since 11/1/2031, 1:00:00 PM`);
    expect(scanned(text).findings[0]?.atLine).to.equal(51);
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

  it('does not take a log whose records call their time `t` for events', () => {
    const record = (index: number): string =>
      JSON.stringify({ t: stamp(index * 500), level: 'error', text: 'the cellar is locked, trying again' });
    const { level, lines: count } = scanned(lines(300, record));
    expect({ level, count }).to.deep.equal({ level: 'warn', count: 300 });
  });

  it('knows events by any of the first records, when a newer kind or noise comes before', () => {
    const call = (index: number): string =>
      [
        { t: 'tool_call', id: `c${index}`, name: 'open', args: { door: 'back' } },
        { t: 'tool_result', id: `c${index}`, ok: false, output: 'the door is locked' },
      ]
        .map((event) => JSON.stringify(event))
        .join('\n');
    const text = `{"t":"plan_made"}\n{"t":"tool\n${lines(8, call)}`;
    expect(scanned(text).findings[0]?.detector).to.be.oneOf(['tool-cycle', 'failing-call']);
  });

  it('says on which line of the file an agent began to repeat itself, and how many there are', () => {
    const told = (record: Record<string, unknown>): string => JSON.stringify(record);
    const began = told({ type: 'system', subtype: 'init', session_id: 'shed', model: 'claude-haiku-4-5' });
    const call = (id: string) =>
      told({
        type: 'assistant',
        message: { id: `m${id}`, content: [{ type: 'tool_use', id, name: 'Read', input: { path: 'coop' } }] },
      });
    const result = (id: string) =>
      told({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: id, content: '12 hens' }] } });
    const text = `${began}\nplain words\n\n${lines(5, (index) => `${call(`t${index}`)}\n${result(`t${index}`)}`)}`;
    const { findings, lines: count } = scanned(text, 'agent');
    expect(count).to.equal(13);
    expect(findings.find((finding) => finding.detector === 'tool-cycle')).to.include({ level: 'act', atLine: 13 });
    expect(scanned('on and on\nand on and '.repeat(300), 'text').lines).to.equal(301);
  });

  it('keeps the loops of two sub-agents apart', () => {
    const call = (agent: string, index: number): string =>
      [
        { t: 'tool_call', id: `${agent}${index}`, name: 'open', args: { door: 'front' }, agent },
        { t: 'tool_result', id: `${agent}${index}`, ok: true, output: 'the door is locked', agent },
      ]
        .map((event) => JSON.stringify(event))
        .join('\n');
    const { findings } = scanned(lines(6, (index) => `${call('north', index)}\n${call('south', index)}`));
    const cycles = findings.filter((finding) => finding.detector === 'tool-cycle');
    expect(cycles.map((finding) => finding.evidence.summary.slice(0, 16))).to.have.members([
      'sub-agent north:',
      'sub-agent south:',
    ]);
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
      .and.contain('| runaway | 1 | 0 | 0 | 1 | 0 |')
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
