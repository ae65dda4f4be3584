import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Head } from '#record/chain';
import { openHeadFile } from '#record/head-file';
import { withHome } from './temporary-home.ts';

const headAt = (seq: number): Head => ({ seq, hash: seq.toString(16).padStart(64, '0') });

const until = async (isSo: () => boolean): Promise<void> => {
  for (const endMs = performance.now() + 10_000; !isSo(); await pause(20))
    if (performance.now() > endMs) throw new Error('waited 10 s for the head file');
};

describe('the head beside the database', () => {
  it('is the newest one soon after a burst, though no other fact follows', () =>
    withHome(async (home) => {
      const headFile = openHeadFile(join(home, 'flowforge.head'));
      for (let seq = 1; seq <= 300; seq += 1) headFile.keep(headAt(seq));
      expect(headFile.read().seq, 'not written for each of them').to.equal(1);
      await until(() => headFile.read().seq === 300);
      expect(headFile.read()).to.deep.equal(headAt(300));
      headFile.close();
    }));

  it('is written by itself once there is room again', () =>
    withHome(async (home) => {
      const file = join(home, 'flowforge.head');
      mkdirSync(`${file}.new`); // nothing can be written under this name
      const headFile = openHeadFile(file);
      headFile.keep(headAt(7));
      expect(existsSync(file)).to.equal(false);
      rmdirSync(`${file}.new`);
      await until(() => headFile.read().seq === 7);
      headFile.close();
    }));

  it('is not touched while nothing is new', () =>
    withHome(async (home) => {
      const file = join(home, 'flowforge.head');
      const headFile = openHeadFile(file);
      headFile.keep(headAt(1));
      headFile.keep(headAt(2));
      await until(() => headFile.read().seq === 2);
      const { ino } = statSync(file);
      headFile.close();
      expect(statSync(file).ino).to.equal(ino);
    }));
});
