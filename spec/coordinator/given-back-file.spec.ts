import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readGivenBack, writeGivenBack } from '#coordinator/given-back-file';

describe('what was given back of a log', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ff-given-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is written down, always as long, and read back', () => {
    expect(readGivenBack(dir)).to.deep.equal({ stdout: 0, stderr: 0 });
    for (const given of [
      { stdout: 1, stderr: 0 },
      { stdout: Number.MAX_SAFE_INTEGER, stderr: Number.MAX_SAFE_INTEGER },
    ]) {
      expect(writeGivenBack(dir, given)).to.equal(true);
      expect(readGivenBack(dir)).to.deep.equal(given);
      expect(readFileSync(path.join(dir, 'given-back'))).to.have.length(96);
    }
  });

  it('says nothing where its file was damaged, and cannot be written where its directory is gone', () => {
    writeFileSync(path.join(dir, 'given-back'), '{"stdout": 12');
    expect(readGivenBack(dir)).to.deep.equal({ stdout: 0, stderr: 0 });
    expect(writeGivenBack(path.join(dir, 'gone'), { stdout: 1, stderr: 1 })).to.equal(false);
  });
});
