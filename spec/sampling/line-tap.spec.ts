import { expect } from 'chai';
import fc from 'fast-check';
import { type LineBatch, lineFlag } from '#protocol/observations';
import { createRedactor } from '#redaction/redact';
import { createLineTap, type LineTap } from '#sampling/line-tap';

const newTap = (): LineTap => createLineTap({ firstLine: 1, redact: createRedactor(['hunter2hunter2']) });
const columnsOf = (batch: LineBatch | null) =>
  batch && { count: batch.count, l1: [...batch.l1], l2: [...batch.l2], flags: [...batch.flags] };
const inPieces = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
};
const shapesIn = (pieces: readonly Buffer[]) => {
  const tap = newTap();
  for (const piece of pieces) tap.feed('stdout', Buffer.from(piece), 5);
  tap.flush(5);
  return { columns: columnsOf(tap.take()), lastLine: tap.lastLine, lines: tap.lines };
};

const pieceOfOutput = fc.oneof(
  fc.constantFrom(
    '\n',
    '\r',
    '\r\n',
    '\r\r\n',
    '\u001b[1A',
    '\u001b[2K',
    '\u001b[31m',
    '\u001b]0;title\u0007',
    '\u0000',
    '\u280b ',
    ' 12/100 ',
    '2031-01-02 03:04:05',
    'ERROR ',
    '\u00e9chec ',
  ),
  fc.string({ maxLength: 12 }),
  fc.constant('long '.repeat(4000)),
);
const output = fc.oneof(
  fc.array(pieceOfOutput, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);

describe('line tap', () => {
  it('gives the same lines wherever the chunks end', () => {
    fc.assert(
      fc.property(output, fc.array(fc.nat(100_000), { maxLength: 12 }), (bytes, cuts) => {
        expect(shapesIn(inPieces(bytes, cuts))).to.deep.equal(shapesIn([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it('gives as many lines as there are newlines, and one for a tail', () => {
    fc.assert(
      fc.property(output, (bytes) => {
        const newlines = bytes.filter((byte) => byte === 10).length;
        expect(shapesIn([bytes]).lines).to.be.within(newlines, newlines + 1);
      }),
    );
  });

  it('numbers the lines of both streams in order of arrival', () => {
    const tap = createLineTap({ firstLine: 41, redact: createRedactor() });
    tap.feed('stdout', Buffer.from('one\ntw'), 10);
    tap.feed('stderr', Buffer.from('failed\n'), 20);
    tap.feed('stdout', Buffer.from('o\n'), 30);
    const batch = tap.take();
    expect(batch).to.include({ count: 3, firstLine: 41 });
    expect([...(batch?.atMs ?? [])]).to.deep.equal([10, 20, 30]);
    expect([...(batch?.flags ?? [])].map((flags) => flags & lineFlag.stderr)).to.deep.equal([0, lineFlag.stderr, 0]);
    expect(tap.take()).to.equal(null);
    expect(tap.lines).to.equal(43);
  });

  it('keeps of a line drawn over and over its newest picture only', () => {
    const tap = newTap();
    tap.feed('stdout', Buffer.from('10 % \r20 % \r30 % of it\n30 % of it\n'), 0);
    const batch = tap.take();
    expect(batch?.count).to.equal(2);
    expect(batch?.l1[0]).to.equal(batch?.l1[1]);
    expect((batch?.flags[0] ?? 0) & lineFlag.redraw).to.equal(lineFlag.redraw);
    expect((batch?.flags[1] ?? 0) & lineFlag.redraw).to.equal(0);
  });

  it('takes the lines under a cursor that moved up for a redraw', () => {
    const tap = newTap();
    tap.feed('stdout', Buffer.from('one\ntwo\n\u001b[2Aone\ntwo\nthree\n'), 0);
    expect([...(tap.take()?.flags ?? [])].map((flags) => flags & lineFlag.redraw)).to.deep.equal([0, 0, 8, 8, 0]);
  });

  it('cuts a line without end, and goes on after it', () => {
    const tap = newTap();
    for (let piece = 0; piece < 64; piece++) tap.feed('stdout', Buffer.alloc(64 * 1024, 'x'), 0);
    expect(tap.stateBytes).to.be.below(64 * 1024);
    tap.feed('stdout', Buffer.from('\nafter\n'), 0);
    const batch = tap.take();
    expect([...(batch?.flags ?? [])].map((flags) => flags & lineFlag.cut)).to.deep.equal([lineFlag.cut, 0]);
    expect(tap.lastLine).to.equal('after');
  });

  it('calls a shape fresh once, and a failing line by its template', () => {
    const tap = newTap();
    tap.feed('stdout', Buffer.from('page 1\npage 2\npage 1\nerror 1\nerror 2\n'), 0);
    expect([...(tap.take()?.flags ?? [])].map((flags) => (flags & lineFlag.fresh) !== 0)).to.deep.equal([
      true,
      true,
      false,
      true,
      false,
    ]);
  });

  it('shows neither secrets nor control bytes, and not too much', () => {
    const tap = newTap();
    tap.feed('stdout', Buffer.from(`\u001b[1mkey\u001b[0m hunter2hunter2 ${'\u00e9'.repeat(300)}\n`), 0);
    const text = tap.take()?.samples[0]?.text ?? '';
    expect(text).to.equal(tap.lastLine);
    expect(text).to.match(/^key \[redacted\]/);
    expect(Buffer.byteLength(text)).to.be.at.most(200);
  });

  it('keeps the last line that says something', () => {
    const tap = newTap();
    expect(tap.lastLine).to.equal(null);
    tap.feed('stdout', Buffer.from('ready\n\n-----\n'), 0);
    expect(tap.lastLine).to.equal('ready');
  });

  it('stays within its bound on noise', () => {
    const tap = newTap();
    let state = 7;
    for (let round = 0; round < 64; round++) {
      const noise = Buffer.alloc(64 * 1024);
      for (let at = 0; at < noise.length; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        noise[at] = state >>> 24;
      }
      tap.feed(round % 2 === 0 ? 'stdout' : 'stderr', noise, round);
      tap.take();
    }
    expect(tap.stateBytes).to.be.below(64 * 1024);
  });
});
