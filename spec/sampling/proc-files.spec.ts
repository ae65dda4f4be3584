import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openProcFiles } from '#sampling/proc-files';

describe('the processes of a cgroup', () => {
  it('are those on its list and on the lists of all that the job made below it', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'flowforge-cgroup-'));
    const write = (name: string, pids: string): void => {
      mkdirSync(path.join(folder, name), { recursive: true });
      writeFileSync(path.join(folder, name, 'cgroup.procs'), pids);
    };
    const files = openProcFiles();
    try {
      write('.', '11\n12\n');
      expect(files.cgroupPids(folder)).to.deep.equal([11, 12]);
      write('inner', '13\n');
      write('inner/innermost', '14\n15\n');
      expect(files.cgroupPids(folder)).to.have.members([11, 12, 13, 14, 15]);
      files.forget(folder);
      rmSync(folder, { recursive: true });
      expect(files.cgroupPids(folder)).to.deep.equal([]);
    } finally {
      files.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
