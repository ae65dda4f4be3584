import { expect } from 'chai';
import type { LineMatches } from '#protocol/observations';
import { createRedactor } from '#redaction/redact';
import { compileLinePatterns } from '#sampling/line-patterns';
import { createLineTap, type LineTap } from '#sampling/line-tap';

const tapFor = (...patterns: string[]): LineTap =>
  createLineTap({
    firstLine: 1,
    redact: createRedactor(['hunter2hunter2']),
    patterns: compileLinePatterns(patterns),
  });
const feed = (tap: LineTap, text: string, atMs = 5): void => tap.feed('stdout', Buffer.from(text), atMs);
const countsOf = (matches: readonly LineMatches[]) =>
  matches.map(({ pattern, times }) => [pattern, ...times.map(({ atMs, count }) => `${count} at ${atMs}`)]);

describe('the lines that fit a pattern', () => {
  it('are counted by the time they came, whole lines only, and told once', () => {
    const tap = tapFor('loss: (nan|inf)', 'never');
    feed(tap, 'loss: nan\nloss: 3\nloss: inf\nloss: n', 5);
    feed(tap, 'an\n', 9);
    expect(countsOf(tap.takeMatches())).to.deep.equal([['loss: (nan|inf)', '2 at 5', '1 at 9']]);
    expect(tap.takeMatches()).to.deep.equal([]);
  });

  it('are found however they are painted, and a redraw counts as what it came to', () => {
    const tap = tapFor('^loss: nan$');
    feed(tap, '\u001b[31mloss:\u001b[0m nan\nloss: 1\rloss: 2\rloss: nan\n');
    expect(countsOf(tap.takeMatches())).to.deep.equal([['^loss: nan$', '2 at 5']]);
  });

  it('show the last of them, without its secrets', () => {
    const tap = tapFor('login');
    feed(tap, 'login one\nlogin with hunter2hunter2\n');
    const [found] = tap.takeMatches();
    expect(found?.sample).to.include('login with').and.not.to.include('hunter2');
  });

  it('are looked for in the first 16 KB of a line', () => {
    const tap = tapFor('end');
    feed(tap, `${'x'.repeat(16_000)}end\n${'x'.repeat(17_000)}end\n`);
    expect(countsOf(tap.takeMatches())).to.deep.equal([['end', '1 at 5']]);
  });

  it('are others from the next line on when the patterns change, and none is lost', () => {
    const tap = tapFor('old', 'both');
    feed(tap, 'old both\nold bo');
    tap.usePatterns(compileLinePatterns(['both', 'new']));
    feed(tap, 'th new\nold\n');
    expect(countsOf(tap.takeMatches())).to.deep.equal([
      ['old', '1 at 5'],
      ['both', '2 at 5'],
      ['new', '1 at 5'],
    ]);
  });

  it('take no part where a pattern cannot be read: its policy is judged elsewhere', () => {
    const tap = tapFor('(', 'fine');
    feed(tap, 'fine (\n');
    expect(countsOf(tap.takeMatches())).to.deep.equal([['fine', '1 at 5']]);
  });
});
