import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createOutputTail, type OutputTail, readIndex, type StreamGap } from '#sampling/output-tail';
import { temporaryDirectory } from './temporary-directory.ts';

describe('the tail of a run', () => {
  const dir = temporaryDirectory();
  const buffer = Buffer.alloc(1024);
  let gaps: StreamGap[];
  let open: OutputTail[];

  const follow = (): OutputTail => {
    const tail = createOutputTail(dir.path, (gap) => gaps.push(gap));
    open.push(tail);
    return tail;
  };
  const write = (text: string): void => appendFileSync(join(dir.path, 'stdout.log'), text);
  const read = (tail: OutputTail): string => buffer.toString('latin1', 0, tail.read('stdout', buffer));

  beforeEach(() => {
    gaps = [];
    open = [];
  });
  afterEach(() => {
    for (const tail of open) tail.close();
  });

  it('waits for a file that is not there yet', () => {
    const tail = follow();
    expect(read(tail)).to.equal('');
    write('first\n');
    expect(read(tail)).to.equal('first\n');
    expect(tail.bytes).to.equal(6);
  });

  it('writes down how far it came, once for each change, and goes on there in its next life', () => {
    const first = follow();
    write('a\nb\n');
    read(first);
    first.commit(2, 5000);
    first.commit(2, 6000);
    expect(readIndex(dir.path)).to.deep.equal([{ stream: 'stdout', offset: 4, atMs: 5000, lines: 2 }]);
    write('c\n');
    const second = follow();
    expect(second.resumedLines).to.equal(2);
    expect(second.lastOutputAtMs).to.equal(5000);
    expect(read(second)).to.equal('c\n');
  });

  it('gives back the recent past, cut at arrival times', () => {
    const tail = follow();
    for (const [text, atMs] of [
      ['aaaa\n', 1000],
      ['bbbb\n', 2000],
      ['cccc\n', 3000],
    ] as const) {
      write(text);
      read(tail);
      tail.commit(1, atMs);
    }
    const past = follow().past(8);
    expect(past.map(({ fromByte, toByte, atMs }) => [fromByte, toByte, atMs])).to.deep.equal([
      [7, 10, 2000],
      [10, 15, 3000],
    ]);
  });

  it('orders the past of both streams by when it came', () => {
    const tail = follow();
    appendFileSync(join(dir.path, 'stderr.log'), 'err\n');
    tail.read('stderr', buffer);
    tail.commit(1, 1000);
    write('out\n');
    read(tail);
    tail.commit(2, 2000);
    expect(tail.past(100).map((chunk) => chunk.stream)).to.deep.equal(['stderr', 'stdout']);
  });

  it('tells of a truncated file and begins again at its start', () => {
    const tail = follow();
    write('0123456789\n');
    read(tail);
    tail.commit(1, 1000);
    truncateSync(join(dir.path, 'stdout.log'));
    tail.inspect();
    write('new\n');
    expect(read(tail)).to.equal('new\n');
    tail.commit(2, 2000);
    expect(gaps).to.have.length(1);
    expect(gaps[0]).to.include({ stream: 'stdout', fromByte: 0, toByte: 11 });
    expect(
      follow()
        .past(100)
        .map(({ fromByte, toByte }) => [fromByte, toByte]),
    ).to.deep.equal([[0, 4]]);
  });

  it('tells once of a line that does not end, wherever it began, and of the next one', () => {
    const tail = follow();
    const mib = 1024 * 1024;
    const feed = (text: string): void => {
      write(text);
      while (tail.read('stdout', Buffer.alloc(256 * 1024)) > 0);
    };
    feed(`short\n${'x'.repeat(mib)}`);
    expect(gaps).to.deep.equal([]);
    feed('y'.repeat(mib));
    expect(gaps.map(({ stream, fromByte }) => [stream, fromByte])).to.deep.equal([['stdout', 6]]);
    feed(`\nanother\n${'progress\r'.repeat(mib / 4)}`);
    expect(gaps).to.have.length(1);
    feed('z'.repeat(2 * mib));
    expect(gaps).to.have.length(2);
    expect(gaps[1]?.why).to.match(/^a line of more than 1048576 bytes without a newline/);
  });

  it('tells once of a file that was deleted or replaced, and still reads what the job writes', () => {
    for (const harm of [
      (): void => rmSync(join(dir.path, 'stdout.log')),
      (): void => renameSync(join(dir.path, 'stdout.log'), join(dir.path, 'old')),
    ]) {
      rmSync(join(dir.path, 'index'), { force: true });
      gaps = [];
      write('before\n');
      const tail = follow();
      expect(read(tail)).to.equal('before\n');
      harm();
      writeFileSync(join(dir.path, 'stdout.log'), '');
      tail.inspect();
      tail.inspect();
      expect(gaps).to.have.length(1);
      rmSync(join(dir.path, 'stdout.log'));
    }
  });

  it('finds out in a new life that the file was truncated in between', () => {
    const tail = follow();
    write('0123456789\n');
    read(tail);
    tail.commit(1, 1000);
    writeFileSync(join(dir.path, 'stdout.log'), 'x\n');
    expect(read(follow())).to.equal('x\n');
    expect(gaps.map((gap) => gap.toByte)).to.deep.equal([11]);
  });

  it('reads nothing where a link or a directory stands in the place of the log', () => {
    symlinkSync('/etc/hostname', join(dir.path, 'stdout.log'));
    mkdirSync(join(dir.path, 'stderr.log'));
    const tail = follow();
    expect(tail.read('stdout', buffer) + tail.read('stderr', buffer)).to.equal(0);
  });

  it('keeps the index private', () => {
    const tail = follow();
    write('a\n');
    read(tail);
    tail.commit(1, 1);
    expect(readFileSync(join(dir.path, 'index'), 'latin1')).to.equal('1 2 1 1\n');
    expect(statSync(join(dir.path, 'index')).mode & 0o077).to.equal(0);
  });
});
