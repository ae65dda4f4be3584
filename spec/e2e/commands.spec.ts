import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import type { RunRow } from '#protocol/views';
import { createForge, type Finished, type Forge, isRunning, processesWith, script } from './flowforge.ts';

const printer = (rate: number, count: number): readonly string[] => [
  ...['python3', script('prints_lines.py'), '--rate', String(rate), '--count', String(count), '--timeout', '100'],
];
const looper = ['python3', script('infinite_looper.py')];

describe('the commands', function () {
  this.timeout(120_000);
  let forge: Forge;
  let dir = '';
  before(async () => {
    forge = createForge();
    dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'ff-commands-')));
    await forge.run('daemon', 'start');
  });
  after(async () => {
    await forge.end();
    rmSync(dir, { recursive: true, force: true });
  });

  const sh = (text: string, ...options: string[]): Promise<Finished> =>
    forge.run('run', ...options, '--', 'sh', '-c', text);
  const running = (name: string): Promise<RunRow> =>
    forge.until(`${name} to run`, async () => {
      const row = (await forge.ps()).find((run) => run.name === name);
      return row?.state === 'running' ? row : null;
    });
  const lines = (text: string): string[] => text.trimEnd().split('\n');

  it('run passes output and exit code through and adds nothing of its own', async () => {
    const [plain, code, killed] = await Promise.all([
      sh('printf "out\\0\\377 no newline"; printf err >&2'),
      sh('exit 42'),
      sh('kill -SEGV $$'),
    ]);
    expect(plain).to.deep.include({ code: 0, stderr: 'err' });
    expect(plain.stdout.startsWith('out\0')).to.equal(true);
    expect(code).to.include({ code: 42, stdout: '', stderr: '' });
    expect(killed).to.include({ code: 128 + 11, stdout: '' });
  });

  it('run hands its input over, byte for byte and to the end', async () => {
    const input = Array.from({ length: 200_000 }, (_, n) => `line ${n} of the input\n`).join('');
    const [copied, counted] = await Promise.all([
      forge.runWith({ input }, 'run', '--', 'cat'),
      forge.runWith({ input: '' }, 'run', '--', 'wc', '-c'),
    ]);
    expect(copied.code, copied.stderr).to.equal(0);
    expect(copied.stdout === input, `${copied.stdout.length} of ${input.length} bytes`).to.equal(true);
    expect(counted.stdout.trim()).to.equal('0');
  });

  it('run takes labels, a name, a directory, and writes a report', async () => {
    const report = path.join(dir, 'report.json');
    const options = ['--name', 'told', '--label', 'team=data', '--label', 'tier=a=b', '--cwd', dir, '--report', report];
    const told = await forge.run('run', ...options, '--', 'pwd');
    expect(told, told.stderr).to.include({ code: 0, stdout: `${dir}\n`, stderr: '' });
    expect((await forge.inspect('told')).labels).to.deep.equal({ team: 'data', tier: 'a=b' });
    const written = JSON.parse(readFileSync(report, 'utf8'));
    expect(written).to.include({ name: 'told', state: 'exited', exitCode: 0 });
    expect(written).to.include.keys('incidents', 'timeline');
  });

  it('run ends with 124 and four lines on stderr when a limit stops the command', async () => {
    const late = await forge.run('run', '--timeout', '1s', '--grace', '500ms', '--', ...printer(20, 100_000));
    expect(late.code, late.stderr).to.equal(124);
    expect(lines(late.stderr)).to.have.length(4);
    expect(lines(late.stderr)[0]).to.match(/^flowforge: .*stopped by FlowForge \(limit\) after .*verified empty$/);
    expect(late.stderr)
      .to.match(/^ {2}why: /m)
      .and.match(/^ {2}go on: /m)
      .and.match(/^ {2}look: flowforge why \w{26} · http/m);
    // On a slow machine the limit may come before the first line.
    expect(lines(late.stdout).every((line) => line === '' || /\d/.test(line))).to.equal(true);
  });

  it('run --restart follows the job to its next run, and ends with the code of the last', async () => {
    const marker = path.join(dir, 'tried-once');
    const job = await sh(
      `if [ -e ${marker} ]; then echo second; else : > ${marker}; echo first; exit 3; fi`,
      '--restart',
      '2',
      '--name',
      'again',
    );
    expect(job.code, job.stderr).to.equal(0);
    expect(job.stdout).to.equal('first\nsecond\n');
    expect(lines(job.stderr)).to.have.length(1);
    expect(job.stderr).to.match(/^flowforge: restarted as run \w{26}\n$/);
    const runs = (await forge.ps()).filter(({ name }) => name === 'again');
    expect(runs.map(({ state, exitCode, generation }) => [generation, state, exitCode])).to.deep.equal([
      [2, 'exited', 0],
      [1, 'exited', 3],
    ]);
  });

  it('run touches nothing with --no-kill, nor in a canary of 0 %; in one of 100 % it does', async () => {
    const loop = (name: string, ...options: string[]): Promise<Finished> =>
      forge.run('run', '--max-cpu', '10', '--name', name, ...options, '--', ...looper, '--timeout', '20');
    const canary = ['--policy-rollout', 'canary', '--policy-canary-percent'];
    const [spared, outside, inside] = await Promise.all([
      loop('spared', '--no-kill'),
      loop('outside', ...canary, '0'),
      loop('inside', ...canary, '100'),
    ]);
    expect(spared, spared.stderr).to.include({ code: 0, stderr: '' });
    expect(outside, outside.stderr).to.include({ code: 0, stderr: '' });
    expect(inside.code, inside.stderr).to.equal(124);
    const incident = (await forge.incidents()).find(({ name, action }) => name === 'outside' && action === 'stop');
    expect(incident).to.include({ rule: 'cpu-and-repeating', enforced: false });
  });

  it('run --detach prints the id alone; run --no-daemon needs nothing and leaves nothing', async () => {
    const detached = await forge.run('run', '--detach', '--name', 'detached', '--', 'sleep', '0.1');
    expect(detached.code, detached.stderr).to.equal(0);
    expect(detached.stdout).to.match(/^[0-9A-HJKMNP-TV-Z]{26}\n$/);
    const env = { FLOWFORGE_HOME: path.join(dir, 'none-yet') };
    const own = await forge.runWith({ env }, 'run', '--no-daemon', '--', 'sh', '-c', 'echo alone; exit 5');
    expect(own, own.stderr).to.include({ code: 5, stdout: 'alone\n', stderr: '' });
    const status = JSON.parse((await forge.runWith({ env }, 'daemon', 'status', '--json')).stdout);
    expect(status).to.include({ running: false, pid: null });
  });

  it('run stops what is left of a tree, and spares it with --keep-orphans', async () => {
    const mark = `${path.basename(dir)}-left`;
    const leaves = (name: string): string => `(exec -a ${mark}-${name} sleep 97) & exit 0`;
    const bash = (name: string, ...options: string[]): Promise<Finished> =>
      forge.run('run', ...options, '--', 'bash', '-c', leaves(name));
    expect((await bash('stopped')).code).to.equal(0);
    expect(processesWith(`${mark}-stopped`)).to.deep.equal([]);
    expect((await bash('kept', '--keep-orphans')).code).to.equal(0);
    const kept = processesWith(`${mark}-kept`);
    expect(kept).to.have.length(1);
    for (const pid of kept) process.kill(pid, 'SIGKILL');
  });

  it('run passes Ctrl-C on and ends with the code of the command, and survives a terminal that goes', async () => {
    const polite = forge.start(
      'run',
      '--name',
      'polite',
      '--',
      'sh',
      '-c',
      'trap "exit 7" TERM; while :; do sleep 0.1; done',
    );
    await running('polite');
    polite.child.kill('SIGINT');
    const ended = await polite.finished;
    expect(ended.code, ended.stderr).to.equal(7);
    const plain = forge.start('run', '--name', 'plain', '--', 'sleep', '60');
    await running('plain');
    plain.child.kill('SIGTERM');
    expect((await plain.finished).code).to.equal(128 + 15);
    const left = forge.start('run', '--name', 'left', '--', 'sleep', '60');
    await running('left');
    left.child.kill('SIGHUP');
    const gone = await left.finished;
    expect(gone.stderr).to.match(/the job goes on: flowforge logs \w{26} -f/);
    expect((await forge.inspect('left')).state).to.equal('running');
    expect((await forge.run('stop', 'left')).stdout).to.contain('stopped, verified empty');
  });

  it('stop, restart, pause and resume say what came of them; run ends with 128+n after a stop', async () => {
    const attached = forge.start('run', '--name', 'steered', '--', 'sleep', '60');
    const first = await running('steered');
    expect((await forge.run('pause', 'steered', '--reason', 'look')).stdout).to.match(/: paused$/m);
    expect((await forge.inspect('steered')).state).to.equal('paused');
    expect((await forge.run('resume', 'steered')).stdout).to.match(/: running$/m);
    const restarted = await forge.run('restart', 'steered', '--reason', 'once more');
    expect(restarted.stdout).to.match(/restarted as run \w{26}/);
    const second = await running('steered');
    expect(second).to.include({ jobId: first.jobId }).and.not.include({ runId: first.runId });
    expect(isRunning(Number(first.pid))).to.equal(false);
    const stopped = await forge.run('stop', 'steered', '--reason', 'enough', '--json');
    expect(JSON.parse(stopped.stdout)).to.deep.equal([
      { runId: second.runId, name: 'steered', outcome: 'stopped, verified empty', isDone: true },
    ]);
    const ended = await attached.finished;
    expect(ended.code, ended.stderr).to.equal(128 + 15);
    expect(lines(ended.stderr).at(-4)).to.contain('stopped by its user');
  });

  it('logs -f goes on until the run ends; a reader that goes away is no error', async () => {
    const ran = forge.run('run', '--name', 'talker', '--', ...printer(20, 60));
    await running('talker');
    const [followed, timed] = await Promise.all([
      forge.run('logs', 'talker', '-f'),
      forge.run('logs', 'talker', '-f', '--json'),
      ran,
    ]);
    const numbers = lines(followed.stdout).map((line) => Number(/\d+/.exec(line)?.[0]));
    expect(numbers).to.deep.equal(Array.from({ length: 60 }, (_, n) => n + 1));
    for (const line of lines(timed.stdout)) expect(JSON.parse(line).atMs).to.be.a('number');
    expect((await forge.run('logs', 'talker', '-n', '2')).stdout).to.equal('line 59 of 60\nline 60 of 60\n');
    const reader = forge.start('logs', 'talker', '-f');
    reader.child.stdout?.destroy();
    expect((await reader.finished).code).to.equal(0);
  });

  it('tell scripts what they rely on: ps, inspect, incidents and daemon status as JSON', async () => {
    const [row] = await forge.ps();
    const columns =
      'runId jobId name state pid command startedAtMs endedAtMs exitCode signal cpuPct rssBytes processes labels policy containment rules activity';
    expect(row).to.include.keys(columns.split(' '));
    expect(await forge.inspect(String(row?.runId))).to.include.keys(columns.split(' '));
    const [incident] = await forge.incidents();
    const told = 'incidentId runId name rule severity state action enforced openedAtMs summary';
    expect(incident).to.include.keys(told.split(' '));
    expect(await forge.status()).to.include.keys('running', 'pid', 'port', 'home', 'version');
  });

  it('why tells of a run by id, beginning of an id and name, and of the last one, without colour', async () => {
    const { runId } = await forge.inspect('inside');
    const told = await Promise.all([runId, runId.slice(0, 20), 'inside'].map((ref) => forge.run('why', ref)));
    for (const { code, stdout } of told) {
      expect(code).to.equal(0);
      expect(stdout)
        .to.contain(runId)
        .and.match(/^ {2}Why .*CPU.*%/m);
      expect(stdout).to.not.contain('\u001b[');
    }
    expect((await forge.run('why', '--last')).stdout).to.match(/^ {2}What /m);
    expect((await forge.run('ps')).stdout).to.not.contain('\u001b[');
  });

  it('doctor and daemon status say that facts wait for the database, and what to do', async () => {
    const rival = new Database(path.join(forge.home, 'flowforge.db'));
    try {
      rival.exec('BEGIN IMMEDIATE');
      await forge.run('run', '--detach', '--', 'true');
      await forge.until('facts to wait', async () => (await forge.status()).trouble ?? null);
      const status = await forge.run('daemon', 'status');
      expect(status.stdout).to.match(/TROUBLE: facts wait for the database \(.*locked.*end the other program/);
      const doctor = await forge.run('doctor');
      expect(doctor).to.deep.include({ code: 1 });
      expect(doctor.stdout).to.match(/^BAD {3}daemon +process \d+: facts wait for the database .*fuser -v/m);
    } finally {
      rival.close();
    }
    await forge.until('facts to be recorded', async () => (await forge.status()).trouble === null);
    expect((await forge.run('daemon', 'status')).stdout).to.not.contain('TROUBLE');
  });

  it('daemon stop leaves jobs running and says so; the next command guards them again', async () => {
    await forge.run('run', '--detach', '--name', 'lonely', '--', 'sleep', '60');
    const { pid } = await running('lonely');
    const stopped = await forge.run('daemon', 'stop');
    expect(stopped.stdout).to.match(/1 job goes on UNGUARDED/);
    expect(isRunning(Number(pid))).to.equal(true);
    expect((await forge.run('daemon', 'status')).code).to.equal(3);
    const doctor = await forge.run('doctor');
    expect(doctor.code, doctor.stdout).to.equal(0);
    expect(doctor.stdout)
      .to.match(/^note {2}daemon +none runs/m)
      .and.match(/^(ok {2}|note) {2}containment +(cgroup2|tag-scan|process-group): /m);
    const both = await Promise.all([
      forge.run('ps', '--json'),
      forge.run('daemon', 'start'),
      forge.run('daemon', 'start'),
    ]);
    expect(both.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
    expect(await running('lonely')).to.include({ pid });
    expect((await forge.run('daemon', 'stop', '--jobs')).stdout).to.contain('no job is left running');
    expect(isRunning(Number(pid))).to.equal(false);
    expect(readFileSync(path.join(forge.home, 'daemon.log'), 'utf8')).to.not.match(/"level":"error".*another daemon/);
  });
});
