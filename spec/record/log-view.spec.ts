import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunId } from '#protocol/ids';
import { createLogView, type LogAsk } from '#record/log-view';
import { withHome } from './temporary-home.ts';
import { newRunId } from './told-facts.ts';

const whole: LogAsk = { stream: null, stdout: null, stderr: null, tail: null, limit: 1000, ended: true };

const withRun = (
  files: Record<string, string | Buffer>,
  tell: (log: ReturnType<typeof createLogView>, runId: RunId, directory: string) => Promise<void>,
) =>
  withHome(async (home) => {
    const runId = newRunId();
    const directory = join(home, 'runs', runId);
    mkdirSync(directory, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    await tell(createLogView(home), runId, directory);
  });

describe('the view of a log', () => {
  it('tells the lines of both streams in the order in which they came', () =>
    withRun(
      { 'stdout.log': 'a\nb\n', 'stderr.log': 'x\ny\n', index: '1 2 1000 1\n2 2 1100 2\n1 4 1200 3\n2 4 1300 4\n' },
      async (log, runId) => {
        const page = await log.page(runId, whole);
        expect(page.lines.map(({ text, stream, offset, atMs }) => [text, stream, offset, atMs])).to.deep.equal([
          ['a', 'stdout', 0, 1000],
          ['x', 'stderr', 0, 1100],
          ['b', 'stdout', 2, 1200],
          ['y', 'stderr', 2, 1300],
        ]);
        expect(page).to.deep.include({ next: { stdout: 4, stderr: 4 }, ended: true });
      },
    ));

  it('goes on page by page without losing or repeating a line', () =>
    withRun(
      { 'stdout.log': Array.from({ length: 5000 }, (_, n) => `line ${n}\n`).join(''), 'stderr.log': 'e1\ne2\n' },
      async (log, runId) => {
        const seen: string[] = [];
        let ask = { ...whole, limit: 700 };
        for (let ended = false; !ended; ) {
          const page = await log.page(runId, ask);
          seen.push(...page.lines.map(({ text }) => text));
          ended = page.ended;
          ask = { ...ask, ...page.next };
        }
        expect(seen).to.deep.equal([...Array.from({ length: 5000 }, (_, n) => `line ${n}`), 'e1', 'e2']);
      },
    ));

  it('gives the last lines, and keeps an unfinished one back while the run goes on', () =>
    withRun({ 'stdout.log': `${'padding\n'.repeat(20_000)}one\ntwo\nunfin` }, async (log, runId, directory) => {
      const live = await log.page(runId, { ...whole, tail: 2, ended: false });
      expect(live.lines.map(({ text }) => text)).to.deep.equal(['one', 'two'].slice(-live.lines.length));
      appendFileSync(join(directory, 'stdout.log'), 'ished\n');
      const more = await log.page(runId, { ...whole, stdout: live.next.stdout, stderr: 0, ended: false });
      expect(more.lines.map(({ text }) => text)).to.deep.equal(['unfinished']);
      expect((await log.page(runId, { ...whole, tail: 3 })).lines.map(({ text }) => text)).to.deep.equal([
        'one',
        'two',
        'unfinished',
      ]);
    }));

  it('survives lines without end, bytes that are no text, and a head that was given back to the disk', () =>
    withRun(
      {
        'stdout.log': Buffer.concat([
          Buffer.alloc(200_000),
          Buffer.from('after the hole\n'),
          Buffer.from([0xff, 0xfe, 0x0a]),
          Buffer.alloc(50_000, 0x61),
        ]),
      },
      async (log, runId) => {
        const { lines, ended } = await log.page(runId, whole);
        expect(lines[0]).to.include({ text: 'after the hole', offset: 200_000 });
        expect(lines[1]?.text).to.equal('\ufffd\ufffd');
        expect(lines.slice(2).map(({ text }) => text.length)).to.deep.equal([16_384, 16_384, 16_384, 848]);
        expect(ended).to.equal(true);
      },
    ));

  it('shows no secret of the environment of the job, nor any line of a private key, wherever a page begins', () => {
    const key = [
      '-----BEGIN RSA PRIVATE KEY-----',
      ...Array.from({ length: 30 }, (_, n) => `MIIEowIBAAKCAQEA${n}`),
      '-----END RSA PRIVATE KEY-----',
    ];
    const text = ['token is hunter2-hunter2', ...key, 'after'].map((line) => `${line}\n`).join('');
    const spec = JSON.stringify({ env: { SERVICE_TOKEN: 'hunter2-hunter2', HOME: '/home/someone' } });
    return withRun({ 'stdout.log': text, 'spec.json': spec }, async (log, runId) => {
      const at = text.indexOf('MIIEowIBAAKCAQEA7');
      for (const stdout of [0, at]) {
        const page = await log.page(runId, { ...whole, stdout });
        const shown = page.lines.map((line) => line.text).join('\n');
        expect(shown).to.not.contain('hunter2').and.to.not.contain('MIIE');
        expect(page.lines.at(-1)?.text).to.equal('after');
      }
    });
  });

  it('knows when lines came although the index is long', () => {
    const lines = 20_000;
    const index = Array.from({ length: lines }, (_, n) => `1 ${(n + 1) * 8} ${5_000_000 + n} ${n + 1}\n`).join('');
    return withRun({ 'stdout.log': 'a line.\n'.repeat(lines), index }, async (log, runId) => {
      const [first] = (await log.page(runId, { ...whole, limit: 1 })).lines;
      expect(first).to.include({ offset: 0, atMs: 5_000_000 });
      const tail = (await log.page(runId, { ...whole, tail: 2 })).lines;
      expect(tail.map(({ atMs }) => atMs)).to.deep.equal([5_000_000 + lines - 2, 5_000_000 + lines - 1]);
    });
  });

  it('dates lines that nobody has noted by the time at which their file was last written, whether the run goes on or not', () =>
    withRun({ 'stdout.log': 'a\nb\nc\n', index: '1 2 1000 1\n' }, async (log, runId, directory) => {
      utimesSync(join(directory, 'stdout.log'), 5, 5);
      const timesOf = async (ask: LogAsk) => (await log.page(runId, ask)).lines.map(({ atMs }) => atMs);
      expect(await timesOf(whole)).to.deep.equal([1000, 5000, 5000]);
      expect(await timesOf({ ...whole, ended: false })).to.deep.equal([1000, 5000, 5000]);
      expect(await timesOf({ ...whole, ended: false, limit: 2 })).to.deep.equal([1000, 5000]);
    }));

  it('has nothing to tell of a run without output', () =>
    withHome(async (home) => {
      expect(await createLogView(home).page(newRunId(), whole)).to.deep.equal({
        lines: [],
        next: { stdout: 0, stderr: 0 },
        ended: true,
      });
    }));
});
