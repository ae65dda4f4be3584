import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { openLedger } from '#record/ledger';
import { crashAll } from './crash.ts';
import { mountFailingDisk } from './failing-disk.ts';
import { type Fault, type FaultSetting, held, skipped, type Verdict } from './fault.ts';
import { openHome, survivorsIn } from './guarded-home.ts';
import { unmount } from './unmount.ts';

const temporaryHome = (): string => mkdtempSync(path.join(tmpdir(), 'ff-fault-'));
const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets a child append until it is killed, and returns the newest seq that it said was taken. */
const appendAndKill = async (
  home: string,
  options: { readonly afterMs: number; readonly batch: number },
): Promise<number> => {
  const entry = fileURLToPath(new URL('./append-until-killed.js', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [entry, home, String(options.batch)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const opened = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      resolve();
    });
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await opened;
  await sleepMs(options.afterMs);
  child.kill('SIGKILL');
  await ended;
  return Number(said.split('\n').slice(1, -1).at(-1) ?? 0);
};

const killedWhileWriting = async ({ short }: FaultSetting): Promise<Verdict> => {
  const rounds = short ? 4 : 25;
  const lines: string[] = [];
  for (const batch of [1, 50]) {
    let taken = 0;
    for (let round = 0; round < rounds; round += 1) {
      const home = temporaryHome();
      const acknowledged = await appendAndKill(home, { afterMs: 50 + Math.random() * 250, batch });
      const ledger = await openLedger(home);
      expect(ledger.lastSeq()).to.be.at.least(acknowledged);
      expect(ledger.lastSeq() % batch, 'a batch is whole').to.equal(0);
      expect((await ledger.verify()).kind).to.equal('ok');
      await ledger.close();
      taken += acknowledged;
      rmSync(home, { recursive: true });
    }
    lines.push(`${taken} facts in batches of ${batch}`);
  }
  return held(`${rounds} kills each: ${lines.join(', ')} acknowledged, 0 lost, 0 partial, chain whole`);
};

/** A small disk of its own under the home; null where this user may not mount one. */
const mountSmallDisk = (): string | null => {
  const dir = temporaryHome();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'flowforge-fault', dir], { encoding: 'utf8' });
  if (mounted.status === 0) return dir;
  rmSync(dir, { recursive: true });
  return null;
};

const removeDisk = (dir: string): void => {
  unmount(dir);
  rmSync(dir, { recursive: true });
};

/** Takes the last byte of the disk, again and again: what FlowForge gives up for itself is taken too. */
const fillUp = (dir: string): { readonly release: () => void } => {
  const file = path.join(dir, 'filler');
  const descriptor = openSync(file, 'w');
  const take = (): void => {
    for (const size of [1_048_576, 4_096, 1]) {
      try {
        for (;;) writeSync(descriptor, Buffer.alloc(size));
      } catch {
        /* full for this size */
      }
    }
  };
  take();
  const timer = setInterval(take, 20);
  return {
    release: () => {
      clearInterval(timer);
      closeSync(descriptor);
      rmSync(file);
    },
  };
};

const diskFull = async (): Promise<Verdict> => {
  const disk = mountSmallDisk();
  if (disk === null) return skipped('a small disk cannot be mounted without root');
  // No load: the disk that FlowForge has to do without is the one that the output of jobs would be written to.
  const home = await openHome({ load: null, within: disk });
  const runs = [];
  for (let i = 0; i < 3; i += 1) runs.push(await home.start(['sleep', '300']));
  const filler = fillUp(disk);
  await sleepMs(200);
  const beganMs = performance.now();
  for (const { runId } of runs)
    await home.ask((client) => client.command(runId, 'stop', { reason: 'full', graceMs: 0 }));
  await home.forge.until('all to be gone on a full disk', async () => survivorsIn(home.home).length === 0, 10_000);
  const goneMs = performance.now() - beganMs;
  await sleepMs(3_000);
  filler.release();
  for (const { runId } of runs) {
    const facts = await home.forge.until(
      'the record to catch up',
      async () => {
        const all = await home.facts(runId);
        return all.some((fact) => fact.kind === 'run-settled') ? all : null;
      },
      30_000,
    );
    for (const kind of ['stop-began', 'stop-verified', 'run-exited', 'run-settled'])
      expect(
        facts.filter((fact) => fact.kind === kind),
        kind,
      ).to.have.length(1);
  }
  await home.forge.until('the trouble to be told', async () =>
    (await home.facts(null)).some((fact) => fact.kind === 'ledger-trouble'),
  );
  await home.end();
  removeDisk(disk);
  return held(
    `3 runs stopped and gone in ${Math.round(goneMs)} ms with no byte free (no load: it would have no room to print); every fact recorded once there was room`,
  );
};

const readOnlyHome = async ({ short }: FaultSetting): Promise<Verdict> => {
  const disk = mountSmallDisk();
  if (disk === null) return skipped('a disk cannot be mounted read-only without root');
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const entry = fileURLToPath(new URL('../../server/coordinator/main.js', import.meta.url));
  const started = spawnSync(process.execPath, [entry], {
    env: { ...process.env, FLOWFORGE_HOME: path.join(disk, 'home'), FLOWFORGE_PORT: '0' },
    encoding: 'utf8',
  });
  removeDisk(disk);
  expect(started.status).to.equal(78);
  expect(started.stdout + started.stderr).to.match(/cannot be (written|used)/);
  const underWay = short ? 'while it runs: only at full length' : await readOnlyWhileRunning();
  return held(`refused with code 78 and what to do; ${underWay}`);
};

/** Its file system gives up under a running daemon; later it is repaired. */
const readOnlyWhileRunning = async (): Promise<string> => {
  const disk = mountFailingDisk();
  if (disk === null) return 'read-only while it runs: NOT TRIED, there is no loop device with ext4 here';
  // No load: what it prints could not be written down either, and a printer ends when it cannot print.
  const home = await openHome({ load: null, within: disk.dir });
  const stopped = await home.start(['sleep', '300']);
  const ended = await home.start(['sh', '-c', 'sleep 2; exit 3']);
  disk.fail();
  const { pid } = await home.status();
  const beganMs = performance.now();
  await home.ask((client) => client.command(stopped.runId, 'stop', { reason: 'read-only', graceMs: 0 }));
  await home.forge.until('the job to be gone', async () => survivorsIn(home.home).length === 0, 20_000);
  const goneMs = performance.now() - beganMs;
  await home.forge.until('the stop to be told', async () => (await home.view(stopped.runId)).verifiedEmpty);
  const trouble = await home.forge.until('the trouble to be told', async () => (await home.status()).trouble ?? null);
  expect((await home.status()).pid, 'the same daemon').to.equal(pid);
  await crashAll(home);
  disk.repair();
  expect((await home.forge.run('daemon', 'start')).code).to.equal(0);
  for (const { runId } of [stopped, ended])
    await home.forge.until('the run to be settled', async () => (await home.view(runId)).settled);
  await home.end();
  disk.end();
  return `read-only while it ran: a job stopped and gone in ${Math.round(goneMs)} ms, the daemon lived and said "${trouble}"; repaired, every run was settled`;
};

const migrationKilled = async ({ short }: FaultSetting): Promise<Verdict> => {
  const rounds = short ? 5 : 25;
  const schemaOf = (home: string): string => {
    const database = new Database(path.join(home, 'flowforge.db'), { readonly: true });
    const rows = database.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY type, name').all();
    database.close();
    return JSON.stringify(rows);
  };
  const reference = temporaryHome();
  await (await openLedger(reference)).close();
  const wanted = schemaOf(reference);
  rmSync(reference, { recursive: true });
  const entry = fileURLToPath(new URL('./append-until-killed.js', import.meta.url));
  for (let round = 0; round < rounds; round += 1) {
    const home = temporaryHome();
    const child = spawn(process.execPath, [entry, home], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', resolve));
    for (
      const untilMs = performance.now() + 10_000;
      !existsSync(path.join(home, 'flowforge.db')) && performance.now() < untilMs;
    )
      await sleepMs(1);
    await sleepMs((round / rounds) * 60);
    child.kill('SIGKILL');
    await ended;
    const ledger = await openLedger(home);
    expect((await ledger.verify()).kind).to.equal('ok');
    await ledger.close();
    expect(schemaOf(home)).to.equal(wanted);
    rmSync(home, { recursive: true });
  }
  return held(`killed ${rounds} times, 0 to 60 ms after the file was there: the next start is clean, the schema equal`);
};

export const recordFaults: readonly Fault[] = [
  { id: 'D01', what: 'kill -9 while facts are written', inShort: true, provoke: killedWhileWriting },
  { id: 'D02', what: 'the disk is full, and then is not', inShort: true, provoke: diskFull },
  { id: 'D03', what: 'a home that cannot be written to', inShort: true, provoke: readOnlyHome },
  { id: 'D07', what: 'killed while the database is made', inShort: false, provoke: migrationKilled },
];
