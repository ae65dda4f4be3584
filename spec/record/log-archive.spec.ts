import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { LogLine } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import { framesOf, parseArchivedLines, parseArchiveIndex, printArchivedLines } from '#protocol/log-archive';
import { archiveLogs } from '#record/archive-writer';
import { createLogView, type LogAsk, type LogView } from '#record/log-view';
import { withHome } from './temporary-home.ts';
import { newRunId } from './told-facts.ts';

const whole: LogAsk = { stream: null, stdout: null, stderr: null, tail: null, limit: 900, ended: true };
const everything = { upTo: null, mostBytes: Number.POSITIVE_INFINITY };
const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => `line ${from + n}\n`).join('');

const wholeIndex = `1 ${numbered(0, 60_000).length} 1000 60000\n2 6 1100 60002\n`;

interface Told {
  readonly log: LogView;
  readonly runId: RunId;
  readonly directory: string;
}

const withRun = (files: Record<string, string | Buffer>, tell: (told: Told) => Promise<void>): Promise<void> =>
  withHome(async (home) => {
    const runId = newRunId();
    const directory = join(home, 'runs', runId);
    mkdirSync(directory, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    await tell({ log: createLogView(home), runId, directory });
  });

const readAll = async ({ log, runId }: Told, ask: LogAsk = whole): Promise<readonly LogLine[]> => {
  const lines: LogLine[] = [];
  for (let now = ask; ; ) {
    const page = await log.page(runId, now);
    lines.push(...page.lines);
    if (page.ended || page.lines.length === 0) return lines;
    now = { ...now, ...page.next, tail: null };
  }
};

/** As the coordinator does it: written down, then punched. */
const giveBack = (directory: string, upTo: number): void => {
  writeFileSync(join(directory, 'given-back'), JSON.stringify({ stdout: upTo, stderr: 0 }));
  const bytes = readFileSync(join(directory, 'stdout.log'));
  writeFileSync(join(directory, 'stdout.log'), bytes.fill(0, 0, upTo));
};

describe('the archive of a log', () => {
  it('gives the lines back as they were: places, arrivals, text', () => {
    const lines = [
      { offset: 10, atMs: 1_000, text: 'a b  c' },
      { offset: 17, atMs: null, text: '' },
      { offset: 18, atMs: 900, text: ' \u0000 \r x' },
    ];
    expect(parseArchivedLines(printArchivedLines(lines, 4), 4)).to.deep.equal(lines);
    expect(() => parseArchivedLines('what is this\n', 0)).to.throw(TypeError, /expected "<bytes> <ms or -> <text>"/);
  });

  it('is read with the file as one log, whatever of it has moved', () =>
    withRun({ 'stdout.log': numbered(0, 60_000), 'stderr.log': 'e1\ne2\n', index: wholeIndex }, async (told) => {
      const { directory } = told;
      const before = await readAll(told);
      const cut = numbered(0, 30_000).length;
      const part = await archiveLogs({ directory, upTo: { stdout: cut, stderr: 0 }, mostBytes: 10_000_000 });
      expect(part).to.deep.include({ isDone: true });
      expect(await readAll(told), 'archived').to.deep.equal(before);
      giveBack(directory, cut);
      expect(await readAll(told), 'and given back').to.deep.equal(before);
      const tail = await told.log.page(told.runId, { ...whole, tail: 40_000 });
      expect(tail.lines.map(({ text }) => text)).to.deep.equal(before.slice(-40_000).map(({ text }) => text));
      await archiveLogs({ directory, ...everything });
      expect([existsSync(join(directory, 'stdout.log')), existsSync(join(directory, 'stderr.log'))]).to.deep.equal([
        false,
        false,
      ]);
      expect(await readAll(told), 'all of it archived').to.deep.equal(before);
      expect((await told.log.page(told.runId, { ...whole, stream: 'stderr', tail: 1 })).lines[0]?.text).to.equal('e2');
      expect(await told.log.end(told.runId)).to.deep.equal({ stdout: numbered(0, 60_000).length, stderr: 6 });
    }));

  it('loses and doubles nothing, wherever a crash cut it', () =>
    withRun({ 'stdout.log': numbered(0, 40_000) }, async (told) => {
      const { directory } = told;
      const before = await readAll(told);
      const [archive, index] = [join(directory, 'archive'), join(directory, 'archive-index')];
      const ask = { directory, upTo: { stdout: numbered(0, 20_000).length, stderr: 0 }, mostBytes: 1 };
      await archiveLogs(ask);
      // Data without the line that tells of it; half a line; half a frame behind a lost line.
      appendFileSync(archive, 'torn data');
      expect(await readAll(told)).to.deep.equal(before);
      appendFileSync(index, '1 123 4');
      expect(await readAll(told)).to.deep.equal(before);
      const length = readFileSync(index, 'latin1').indexOf('\n') + 1;
      truncateSync(index, length);
      truncateSync(archive, readFileSync(archive).length - 3);
      await archiveLogs({ directory, ...everything });
      expect(await readAll(told)).to.deep.equal(before);
      const frames = framesOf(parseArchiveIndex(readFileSync(index, 'latin1')), 'stdout');
      expect(frames.map(({ fromByte }) => fromByte)).to.deep.equal(
        [0, ...frames.map(({ toByte }) => toByte)].slice(0, -1),
      );
    }));

  it('holds no secret, and knows that it goes on inside a private key', () => {
    const key = ['-----BEGIN RSA PRIVATE KEY-----', 'c2hvcnQ=', 'a2V5', '-----END RSA PRIVATE KEY-----'];
    const text = `token=ghp_${'a1'.repeat(18)}\nhunter2hunter2\n${key.join('\n')}\nafter\n`;
    const upTo = text.indexOf('a2V5');
    return withRun(
      { 'stdout.log': text, 'spec.json': JSON.stringify({ env: { DB_PASSWORD: 'hunter2hunter2' } }) },
      async (told) => {
        const before = (await readAll(told)).map(({ text }) => text);
        await archiveLogs({ directory: told.directory, upTo: { stdout: upTo, stderr: 0 }, mostBytes: 1_000 });
        giveBack(told.directory, upTo);
        expect((await readAll(told)).map(({ text }) => text)).to.deep.equal(before);
        await archiveLogs({ directory: told.directory, ...everything });
        const after = (await readAll(told)).map(({ text }) => text);
        expect(after).to.deep.equal(before);
        expect(after.join('\n')).to.not.match(/hunter2|a1a1a1|a2V5|c2hvcnQ/);
        expect(after.at(-1)).to.equal('after');
      },
    );
  });

  it('begins anew where the log was truncated, and passes over what was given back before it came', () =>
    withRun({ 'stdout.log': numbered(0, 30_000) }, async (told) => {
      const { directory } = told;
      await archiveLogs({ directory, upTo: { stdout: numbered(0, 20_000).length, stderr: 0 }, mostBytes: 10_000_000 });
      writeFileSync(join(directory, 'stdout.log'), numbered(50_000, 60_000));
      const lost = numbered(50_000, 51_000).length;
      giveBack(directory, lost);
      await archiveLogs({ directory, ...everything });
      expect((await readAll(told)).map(({ text }) => text)).to.deep.equal(
        numbered(51_000, 60_000).trimEnd().split('\n'),
      );
    }));

  it('says in its place which lines cannot be read', () =>
    withRun({ 'stdout.log': numbered(0, 40_000) }, async (told) => {
      await archiveLogs({ directory: told.directory, ...everything });
      const bytes = readFileSync(join(told.directory, 'archive'));
      writeFileSync(join(told.directory, 'archive'), bytes.fill(7, 20, 60));
      const texts = (await readAll(told)).map(({ text }) => text);
      expect(texts[0]).to.match(/^\[flowforge: bytes 0 to \d+ \(\d+ lines\) cannot be read from the archive: /);
      expect(texts.at(-1)).to.equal('line 39999');
    }));

  it('finds what came since a time, in the archive and behind it', () =>
    withRun(
      {
        'stdout.log': numbered(0, 40_000),
        index: `1 ${numbered(0, 20_000).length} 1000 1\n1 ${numbered(0, 40_000).length} 2000 2\n`,
      },
      async (told) => {
        const since = async (sinceMs: number) => (await readAll(told, { ...whole, sinceMs })).map(({ text }) => text);
        const late = numbered(20_000, 40_000).trimEnd().split('\n');
        expect(await since(1_500)).to.deep.equal(late);
        const upTo = { stdout: numbered(0, 30_000).length, stderr: 0 };
        await archiveLogs({ directory: told.directory, upTo, mostBytes: 10_000_000 });
        giveBack(told.directory, upTo.stdout);
        expect(await since(1_500)).to.deep.equal(late);
        expect(await since(2_500)).to.deep.equal([]);
      },
    ));

  it('keeps NUL bytes, and a last line without its newline', () =>
    withRun({ 'stdout.log': Buffer.from('x\u0000y\n\u0000z\nend') }, async (told) => {
      const before = await readAll(told);
      await archiveLogs({ directory: told.directory, ...everything });
      expect(await readAll(told)).to.deep.equal(before);
      expect(before.map(({ text }) => text)).to.deep.equal(['x\u0000y', '\u0000z', 'end']);
    }));
});
