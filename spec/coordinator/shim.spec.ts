import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { identityOf, isAlive, readStat } from '#action/process-identity';
import { closeStdin, readExecFailedFile, runPaths } from '#coordinator/run-files';
import { levels } from '../action/levels.ts';
import { eventually, fixture, type ShimmedRun, startRun, untilPrinted } from './shimmed-run.ts';

const level = levels[0] ?? 'tag-scan';
type Options = Omit<Parameters<typeof startRun>[1], 'level'>;

describe('the shim', () => {
  let run: ShimmedRun;
  afterEach(() => run.end());

  const start = async (argv: readonly string[], options: Options = {}): Promise<ShimmedRun> => {
    run = await startRun(argv, { level, ...options });
    return run;
  };

  it('says who the job is, and stays outside its session and cgroup', async () => {
    const { pidFile } = await start(['sleep', '30']);
    const { identity, shim } = pidFile;
    expect(identityOf(identity.pid)).to.deep.equal(identity);
    expect(identityOf(shim.pid)).to.deep.equal(shim);
    expect(readStat(identity.pid)).to.include({ sessionId: identity.pid, groupId: identity.pid, parentPid: shim.pid });
    expect(pidFile.inCgroup).to.equal(level === 'cgroup2');
    const cgroupOf = (pid: number): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    if (level === 'cgroup2') expect(cgroupOf(identity.pid)).not.to.equal(cgroupOf(shim.pid));
  });

  for (const code of [0, 7, 255]) {
    it(`writes down exit code ${code}`, async () => {
      await start(['/bin/sh', '-c', `exit ${code}`]);
      expect((await run.exit()).code).to.equal(code);
    });
  }

  for (const [signal, number] of [
    ['KILL', 9],
    ['TERM', 15],
    ['SEGV', 11],
    ['INT', 2],
    ['HUP', 1],
  ] as const) {
    it(`tells a death by SIG${signal} as ${128 + number}, as every shell does`, async () => {
      await start(['/bin/sh', '-c', `kill -${signal} $$; sleep 30`]);
      expect((await run.exit()).code).to.equal(128 + number);
    });
  }

  it('tells when the job ended', async () => {
    const beforeMs = Date.now();
    await start(['true']);
    expect((await run.exit()).endedAtMs).to.be.within(beforeMs - 1, Date.now() + 1);
  });

  it('does not give up when the exit code cannot be written down at once', async () => {
    await start(['sleep', '30']);
    const inTheWay = ['exit', 'exit.tmp'].map((name) => join(run.runDir, name));
    for (const file of inTheWay) symlinkSync('/dev/full', file);
    process.kill(run.pidFile.identity.pid, 'SIGTERM');
    await eventually('the end of the job', () => (isAlive(run.pidFile.identity) ? null : true));
    expect(isAlive(run.pidFile.shim)).to.equal(true);
    for (const file of inTheWay) rmSync(file);
    expect((await run.exit()).code).to.equal(128 + 15);
  });

  it('keeps output apart, whole and private', async () => {
    await start(['python3', fixture('prints_lines.py'), '--rate', '0', '--count', '5000']);
    await run.exit();
    const lines = run.stdout().trimEnd().split('\n');
    expect(lines).to.have.length(5000);
    expect(lines[4999]).to.equal('line 5000 of 5000');
    for (const file of [runPaths(run.runDir).stdout, runPaths(run.runDir).stderr, runPaths(run.runDir).pid]) {
      expect(statSync(file).mode & 0o777).to.equal(0o600);
    }
  });

  it('hands the job its arguments, environment and umask unchanged, and no signal ignored', async () => {
    const script =
      'import os, sys; print(sys.argv[1:], os.environ["GREETING"], oct(os.umask(0)), open("/proc/self/status").read())';
    const argv = ['python3', '-c', script, 'two  words', '', "it's", '$HOME', '*', 'ü\n'];
    await start(argv, { env: { GREETING: 'a "b" $c', FLOWFORGE_UMASK: '0027' } });
    await run.exit();
    expect(run.stdout()).to.contain(`['two  words', '', "it's", '$HOME', '*', 'ü\\n'] a "b" $c 0o27`);
    expect(/SigIgn:\s*(\w+)/.exec(run.stdout())?.[1]).to.match(/^0+1000$|^0+1001000$/);
  });

  it('hands on variables that no shell would, where it is told of them', async () => {
    await start(['env'], { env: { 'a.b': 'x y=z', 'BASH_FUNC_f%%': '() { :; }' } });
    await run.exit();
    expect(run.stdout().split('\n')).to.include.members(['a.b=x y=z', 'BASH_FUNC_f%%=() { :; }']);
  });

  it('ignores every signal that could end it early', async () => {
    await start(['/bin/sh', '-c', 'echo ready; while [ ! -e "$0/go" ]; do sleep 0.02; done; exit 3']);
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGPIPE'] as const)
      process.kill(run.pidFile.shim.pid, signal);
    await untilPrinted(run, 'ready');
    expect(isAlive(run.pidFile.shim)).to.equal(true);
    process.kill(run.pidFile.identity.pid, 'SIGTERM');
    expect((await run.exit()).code).to.equal(128 + 15);
  });

  for (const [what, command, code, reason] of [
    ['is missing', 'flowforge-no-such-command', 127, /^flowforge-no-such-command: not found$/],
    ['is a directory', '/tmp', 126, /^\/tmp: (Permission denied|Is a directory)$/],
    ['is not executable', '/etc/passwd', 126, /^\/etc\/passwd: Permission denied$/],
  ] as const) {
    it(`tells that a command ${what} from the exit code ${code} of a command that ran`, async () => {
      await start([command, 'argument']);
      expect((await run.exit()).code).to.equal(code);
      const told = readExecFailedFile(run.runDir);
      expect(told.kind === 'read' && told.value.exitCode).to.equal(code);
      expect(told.kind === 'read' && told.value.reason).to.match(reason);
      expect(readFileSync(runPaths(run.runDir).stderr, 'utf8')).to.equal('');
    });
  }

  it('does not mistake a command that exits with 127 for one that is missing', async () => {
    await start(['/bin/sh', '-c', 'echo hm >&2; exit 127']);
    expect((await run.exit()).code).to.equal(127);
    expect(readExecFailedFile(run.runDir)).to.deep.equal({ kind: 'missing' });
  });

  it('gives a job without input the end of it at once', async () => {
    await start(['cat']);
    expect((await run.exit()).code).to.equal(0);
  });

  it('keeps the input open through the death of a writer, and ends it on purpose', async () => {
    await start(['cat'], { stdin: 'fifo' });
    const { stdin } = runPaths(run.runDir);
    for (const text of ['first\n', 'second\n']) {
      const writer = await open(stdin, 'w');
      await writer.write(text);
      await writer.close();
      await untilPrinted(run, text);
    }
    const writer = spawn('/bin/sh', ['-c', `exec >"${stdin}"; echo third; exec sleep 30`]);
    await untilPrinted(run, 'third');
    writer.kill('SIGKILL');
    expect(isAlive(run.pidFile.identity)).to.equal(true);
    await eventually('the input to close', () => (closeStdin(run.runDir) ? true : null));
    expect((await run.exit()).code).to.equal(0);
    expect(run.stdout()).to.equal('first\nsecond\nthird\n');
  });

  it('takes a line written to stdin.close for the end of input, too', async () => {
    await start(['cat'], { stdin: 'fifo' });
    writeFileSync(runPaths(run.runDir).stdinClose, '\n');
    expect((await run.exit()).code).to.equal(0);
    await eventually('the pipes to go', () => (existsSync(runPaths(run.runDir).stdin) ? null : true));
    expect(closeStdin(run.runDir)).to.equal(false);
  });

  it('leaves nobody holding the input of a job that has ended', async () => {
    await start(['sleep', '30'], { stdin: 'fifo' });
    const inShimSession = (): number => listSession(run.pidFile.shim.pid).length;
    await eventually('the holder', () => (inShimSession() === 2 ? true : null));
    // Until then the shell that becomes the job has children of its own.
    const nameOfJob = (): string => readFileSync(`/proc/${run.pidFile.identity.pid}/comm`, 'utf8').trim();
    await eventually('the job', () => (nameOfJob() === 'sleep' ? true : null));
    expect((await run.boundary.members()).map(({ pid }) => pid)).to.deep.equal([run.pidFile.identity.pid]);
    process.kill(run.pidFile.identity.pid, 'SIGKILL');
    await run.exit();
    await eventually('the shim and the holder to end', () => (inShimSession() === 0 ? true : null));
  });

  it('costs less than a megabyte, and next to nothing of its own', async () => {
    await start(['sleep', '30']);
    const rollup = readFileSync(`/proc/${run.pidFile.shim.pid}/smaps_rollup`, 'utf8');
    const privateKb = [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+)/gm)].reduce(
      (sum, row) => sum + Number(row[1]),
      0,
    );
    expect(privateKb).to.be.lessThan(400);
  });
});

const listSession = (sessionId: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? [])
    .filter((stat) => stat.sessionId === sessionId && !stat.isZombie)
    .map((stat) => stat.pid);
