import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createRedactor } from '#redaction/redact';
import { createChildExits } from '#sampling/child-exits';
import { createFileProgress, type FileProgress } from '#sampling/file-progress';
import { temporaryDirectory } from './temporary-directory.ts';

describe('children that end', () => {
  it('are progress the first time a program ends, not when it does so again', () => {
    const exits = createChildExits(createRedactor());
    expect(exits(['gcc', 'gcc', 'ld'], 1).map((mark) => mark.detail)).to.deep.equal(['gcc ended', 'ld ended']);
    expect(exits(['gcc', 'ld'], 2)).to.deep.equal([]);
  });
});

describe('files of the working directory', () => {
  const dir = temporaryDirectory();
  let files: FileProgress;
  const path = (name: string): string => join(dir.path, name);
  const moved = async (): Promise<boolean> => (await files.look(1000)).length > 0;

  beforeEach(async () => {
    writeFileSync(path('model.bin'), 'x'.repeat(100));
    files = createFileProgress(dir.path, '/nowhere');
    expect(await moved()).to.equal(false);
  });

  it('are progress when a new one stays', async () => {
    writeFileSync(path('checkpoint-1.pt'), 'weights');
    expect(await moved()).to.equal(false);
    expect(await moved()).to.equal(true);
    expect(await moved()).to.equal(false);
  });

  it('are none when a temporary file comes and goes', async () => {
    for (let turn = 0; turn < 3; turn++) {
      writeFileSync(path(`part${turn}`), 'x');
      expect(await moved()).to.equal(false);
      rmSync(path(`part${turn}`));
    }
    expect(await moved()).to.equal(false);
  });

  it('are progress when one has a size it never had, and none when it goes back and forth', async () => {
    writeFileSync(path('model.bin'), 'x'.repeat(200));
    expect(await moved()).to.equal(true);
    writeFileSync(path('model.bin'), 'x'.repeat(100));
    expect(await moved()).to.equal(false);
    writeFileSync(path('model.bin'), 'x'.repeat(200));
    expect(await moved()).to.equal(false);
  });

  it('are none when a log grows, under any of its names', async () => {
    const logs = ['job.log', 'job.log.1', 'nohup.out', 'out.txt', '.hidden', 'core.4242', 'data.db-wal'];
    for (let turn = 0; turn < 4; turn++) {
      for (const name of logs) appendFileSync(path(name), 'failed, retrying\n');
      expect(await moved()).to.equal(false);
    }
  });

  it('are not looked for behind links, nor where there are too many', async () => {
    symlinkSync('/etc/hostname', path('link'));
    await moved();
    expect(await moved()).to.equal(false);
    mkdirSync(path('wide'));
    for (let file = 0; file < 301; file++) writeFileSync(path(`wide/${file}`), '');
    const wide = createFileProgress(path('wide'), '/nowhere');
    await wide.look(1);
    writeFileSync(path('wide/0'), 'more');
    expect(await wide.look(2)).to.deep.equal([]);
  });
});
