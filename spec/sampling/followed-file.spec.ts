import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type FileGap, followFile } from '#sampling/followed-file';
import { temporaryDirectory } from './temporary-directory.ts';

const mib = 1024 * 1024;

describe('a file that is followed', () => {
  const directory = temporaryDirectory();

  it('does not read the hole of a flood that was given back to the disk, and tells of it as a gap', () => {
    const file = join(directory.path, 'stdout.log');
    writeFileSync(file, 'read\n');
    truncateSync(file, 40 * mib);
    appendFileSync(file, 'now\n');
    const gaps: FileGap[] = [];
    const followed = followFile(file, { startAt: 5, onGap: (gap) => gaps.push(gap) });
    const buffer = Buffer.alloc(2 * mib);
    const length = followed.read(buffer);
    expect(buffer.toString('latin1', length - 4, length)).to.equal('now\n');
    expect(gaps).to.have.length(1);
    expect(gaps[0]).to.deep.include({ fromByte: 5, toByte: 39 * mib + 4 });
    expect(followed.offset).to.equal(40 * mib + 4);
    followed.close();
  });

  it('reads zeros that a job wrote like anything else', () => {
    const file = join(directory.path, 'stderr.log');
    writeFileSync(file, Buffer.alloc(3 * mib));
    const gaps: FileGap[] = [];
    const followed = followFile(file, { startAt: 0, onGap: (gap) => gaps.push(gap) });
    expect([followed.read(Buffer.alloc(mib)), followed.offset, gaps.length]).to.deep.equal([mib, mib, 0]);
    followed.close();
  });
});
