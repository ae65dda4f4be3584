import { existsSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { beginCut, cutHead, recoverCut } from '#coordinator/cut-head';
import { keptFileOf } from '#protocol/output-index';
import { temporaryDirectory } from '../sampling/temporary-directory.ts';

const size = 3 * 1024 * 1024 + 17;
const upTo = 2 * 1024 * 1024 + 5;
const text = Buffer.from(Array.from({ length: size }, (_, at) => 33 + (at % 90)));
const tail = text.subarray(upTo);

describe('cutting the head off a log', () => {
  const directory = temporaryDirectory();
  let file = '';
  beforeEach(() => {
    file = path.join(directory.path, 'stdout.log');
    writeFileSync(file, text);
  });
  const expectCut = () => {
    const now = readFileSync(file);
    expect(now.length).to.equal(size);
    expect(now.subarray(upTo).equals(tail)).to.equal(true);
    expect(existsSync(keptFileOf(file))).to.equal(false);
  };

  it('leaves every byte behind the cut where it was, and gives the blocks before it back', () => {
    expect(cutHead(file, upTo)).to.equal(null);
    expectCut();
    expect(
      readFileSync(file)
        .subarray(0, upTo)
        .every((byte) => byte === 0),
    ).to.equal(true);
    expect(statSync(file).blocks * 512).to.be.lessThan(size - upTo + 64 * 1024);
  });

  it('changes nothing when it is broken off while the copy is written', () => {
    expect(beginCut(file, upTo)).to.equal(null);
    renameSync(keptFileOf(file), `${keptFileOf(file)}.tmp`);
    recoverCut(file);
    expect(readFileSync(file).equals(text)).to.equal(true);
    expect(existsSync(`${keptFileOf(file)}.tmp`)).to.equal(false);
  });

  it('changes nothing when it is broken off once the copy is there', () => {
    beginCut(file, upTo);
    recoverCut(file);
    expect(readFileSync(file).equals(text)).to.equal(true);
  });

  for (const [where, length] of [
    ['the file was emptied', 0],
    ['it had its length up to the cut again', upTo],
    ['a part of the rest was back', upTo + 4_096],
  ] as const) {
    it(`is ended by the next daemon when it was broken off after ${where}`, () => {
      beginCut(file, upTo);
      truncateSync(file, 0);
      truncateSync(file, upTo);
      writeFileSync(file, Buffer.concat([Buffer.alloc(upTo), tail.subarray(0, Math.max(0, length - upTo))]));
      truncateSync(file, length);
      recoverCut(file);
      expectCut();
    });
  }

  it('leaves alone what was appended after it was done', () => {
    beginCut(file, upTo);
    writeFileSync(file, 'more', { flag: 'a' });
    recoverCut(file);
    expect(readFileSync(file, 'latin1').slice(-4)).to.equal('more');
    expect(readFileSync(file).subarray(0, size).equals(text)).to.equal(true);
  });

  it('is refused where the file is shorter than the cut', () => {
    expect(cutHead(file, size + 1)).to.match(/truncated/);
    expect(readFileSync(file).equals(text)).to.equal(true);
  });
});
