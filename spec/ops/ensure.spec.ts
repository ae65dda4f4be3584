import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';

const checkout = resolvePaths({}).packageRoot;

describe('bringing a checkout up to date', () => {
  let root = '';
  const ensure = async (): Promise<string> =>
    (await promisify(execFile)(process.execPath, [path.join(root, 'ops', 'ensure.mjs')])).stderr;

  /** A checkout in small: its build appends a line, so that builds can be counted. */
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'ff-ensure-'));
    cpSync(path.join(checkout, 'ops'), path.join(root, 'ops'), { recursive: true });
    for (const folder of ['server', 'workers', 'elsewhere']) mkdirSync(path.join(root, folder));
    symlinkSync('elsewhere', path.join(root, 'node_modules'));
    for (const file of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
      writeFileSync(path.join(root, file), '{}');
    writeFileSync(
      path.join(root, 'package.json'),
      JSON.stringify({ scripts: { 'build:server': 'echo built >> builds && sleep 0.3' } }),
    );
    writeFileSync(path.join(root, 'server', 'a.ts'), '1');
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const builds = (): number => readFileSync(path.join(root, 'builds'), 'utf8').trim().split('\n').length;

  it('builds once, then is silent, then builds again when a source changed', async () => {
    expect(await ensure()).to.contain('building the server');
    expect(await ensure()).to.equal('');
    utimesSync(path.join(root, 'server', 'a.ts'), 1, 1);
    await ensure();
    expect(builds()).to.equal(2);
  });

  it('builds once when two start at the same time', async () => {
    await Promise.all([ensure(), ensure(), ensure()]);
    expect(builds()).to.equal(1);
    expect(existsSync(path.join(root, 'dist', '.ensure-lock'))).to.equal(false);
  });

  it('takes over the lock of a process that died', async () => {
    mkdirSync(path.join(root, 'dist'));
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const host = execFileSync('hostname', { encoding: 'utf8' }).trim();
    writeFileSync(path.join(root, 'dist', '.ensure-lock'), `${dead} ${host} 0\n`);
    await ensure();
    expect(builds()).to.equal(1);
  });

  it('removes what the compiler wrote for a source that is gone', async () => {
    mkdirSync(path.join(root, 'dist', 'server'), { recursive: true });
    writeFileSync(path.join(root, 'dist', 'server', 'gone.js'), '');
    await ensure();
    expect(existsSync(path.join(root, 'dist', 'server', 'gone.js'))).to.equal(false);
  });

  it('says what failed, and fails', async () => {
    writeFileSync(
      path.join(root, 'package.json'),
      JSON.stringify({ scripts: { 'build:server': 'echo no such luck; exit 3' } }),
    );
    const failed = spawnSync(process.execPath, [path.join(root, 'ops', 'ensure.mjs')], { encoding: 'utf8' });
    expect(failed.status).to.equal(1);
    expect(failed.stderr).to.contain('building the server failed').and.contain('no such luck');
  });
});

describe('the launcher', () => {
  it('finds the checkout through symbolic links', () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'ff-link-'));
    symlinkSync(path.join(checkout, 'flowforge'), path.join(dir, 'one'));
    symlinkSync('one', path.join(dir, 'two'));
    const shown = execFileSync(path.join(dir, 'two'), ['version'], { encoding: 'utf8', cwd: '/' });
    rmSync(dir, { recursive: true });
    expect(shown.trim()).to.match(/^\d+\.\d+\.\d+$/);
  });

  it('says which Node it needs where there is none', () => {
    const shown = spawnSync('/bin/sh', [path.join(checkout, 'flowforge'), 'version'], {
      encoding: 'utf8',
      env: { PATH: '/nowhere' },
    });
    expect(shown.status).to.equal(125);
    expect(shown.stderr).to.contain('Node 20.19 or newer');
  });

  it('ends a usage error with 2, and one of `run` with 125', () => {
    const code = (...args: string[]): number | null =>
      spawnSync(path.join(checkout, 'flowforge'), args, { encoding: 'utf8' }).status;
    expect([
      code('no-such-command'),
      code('ps', '--no-such-option'),
      code('run'),
      code('run', '--max-mem', '5', '--', 'true'),
    ]).to.deep.equal([2, 2, 125, 125]);
  });
});
