import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { openLedger } from '#record/ledger';
import { isRunning } from '../e2e/flowforge.ts';
import { mountFailingDisk } from './failing-disk.ts';
import { type Fault, type FaultSetting, held, p95, skipped, spread, type Verdict } from './fault.ts';
import { type GuardedHome, openHome, survivorsIn } from './guarded-home.ts';

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

const unmount = (dir: string): void => {
  execFileSync('umount', [dir]);
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
  unmount(disk);
  return held(
    `3 runs stopped and gone in ${Math.round(goneMs)} ms with no byte free; every fact recorded once there was room`,
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
  unmount(disk);
  expect(started.status).to.equal(78);
  expect(started.stdout + started.stderr).to.match(/cannot be (written|used)/);
  const underWay = short ? 'while it runs: only at full length' : await readOnlyWhileRunning();
  return held(`refused with code 78 and what to do; ${underWay}`);
};

/** Its file system gives up under a running daemon; later it is repaired. */
const readOnlyWhileRunning = async (): Promise<string> => {
  const disk = mountFailingDisk();
  if (disk === null) return 'read-only while it runs: NOT TRIED, there is no loop device with ext4 here';
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

const damages: Readonly<Record<string, (file: string) => void>> = {
  'header zeroed': (file) => overwrite(file, { at: 0, bytes: Buffer.alloc(100) }),
  'text in its place': (file) => writeFileSync(file, 'this is no database\n'.repeat(500)),
  'page damaged': (file) => overwrite(file, { at: 4_096 * 2, bytes: Buffer.alloc(4_096 * 3, 0xa5) }),
  'cut in half': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  emptied: (file) => truncateSync(file, 0),
};

const overwrite = (file: string, change: { readonly at: number; readonly bytes: Buffer }): void => {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, change.bytes, 0, change.bytes.length, change.at);
  closeSync(descriptor);
};

const damaged = async ({ short }: FaultSetting): Promise<Verdict> => {
  const chosen = Object.entries(damages).slice(0, short ? 2 : 5);
  const startMs: number[] = [];
  for (const [name, damage] of chosen) {
    const home = await openHome({ load: { jobs: 3, linesPerSecond: 50 } });
    const before = (await home.ask((client) => client.runs({}))).items;
    await home.forge.run('daemon', 'stop');
    const file = path.join(home.home, 'flowforge.db');
    // A write-ahead log that is still there would heal it.
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
    damage(file);
    const beganMs = performance.now();
    await home.forge.run('daemon', 'start');
    startMs.push(performance.now() - beganMs);
    const after = (await home.ask((client) => client.runs({}))).items;
    const running = (rows: typeof before): readonly string[] =>
      rows
        .filter((row) => row.state === 'running')
        .map((row) => row.runId)
        .sort();
    expect(running(after), `${name}: jobs still guarded`).to.deep.equal(running(before));
    await home.forge.until(`${name} to be told`, async () =>
      (await home.facts(null)).some((fact) => fact.kind === 'ledger-trouble'),
    );
    if (name !== 'emptied')
      expect(
        readdirSync(home.home).some((file) => file.includes('damaged-')),
        `${name}: kept`,
      ).to.equal(true);
    await home.end();
  }
  const underWay = await damagedWhileRunning();
  return held(
    `${chosen.map(([name]) => name).join(', ')}: set aside, told, jobs still guarded; start ${spread(startMs)}; ${underWay}`,
  );
};

/** The gateway comes back to a database that was damaged under it. */
const damagedWhileRunning = async (): Promise<string> => {
  const home = await openHome({ load: { jobs: 3, linesPerSecond: 50 } });
  const file = path.join(home.home, 'flowforge.db');
  writeFileSync(file, 'this is no database\n'.repeat(500));
  rmSync(`${file}-wal`, { force: true });
  await home.forge.post('/v1/faults', { worker: 'gateway', kind: 'exit' }).catch(() => undefined);
  await home.forge.until('a new record with the runs in it', async () => {
    const rows = (await home.ask((client) => client.runs({}))).items;
    return rows.filter((row) => row.state === 'running').length === 3;
  });
  await home.end();
  return 'damaged while it ran, too';
};

/** Ends keeper and daemon at once, as a crash of the machine would. */
const crashAll = async (home: GuardedHome): Promise<void> => {
  const { pid } = await home.status();
  const keeper = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  for (const one of [keeper, Number(pid)]) process.kill(one, 'SIGKILL');
  await home.forge.until('both to be gone', async () => !isRunning(Number(pid)) && !isRunning(keeper));
};

const walLost = async (): Promise<Verdict> => {
  const home = await openHome();
  await crashAll(home);
  const file = path.join(home.home, 'flowforge.db');
  const before = Number(readFileSync(path.join(home.home, 'flowforge.head'), 'utf8').split(' ')[0]);
  const wal = readFileSync(`${file}-wal`);
  wal.fill(0xff, Math.floor(wal.length / 2), Math.floor(wal.length / 2) + 64);
  writeFileSync(`${file}-wal`, wal);
  await home.forge.run('daemon', 'start');
  const flipped = await home.ask((client) => client.verify());
  expect(flipped.chain.kind === 'ok' && flipped.chain.lastSeq >= before, JSON.stringify(flipped.chain)).to.equal(true);
  await crashAll(home);
  const kept = Number(readFileSync(path.join(home.home, 'flowforge.head'), 'utf8').split(' ')[0]);
  for (const lost of ['flowforge.db-wal', 'flowforge.db-shm', 'journal'])
    rmSync(path.join(home.home, lost), { recursive: true, force: true });
  await home.forge.run('daemon', 'start');
  const told = await home.forge.until('the loss to be told', async () => {
    const facts = await home.facts(null);
    return facts.find((fact) => fact.kind === 'ledger-trouble' && fact.lostFrom !== null) ?? null;
  });
  expect(told.seq).to.be.greaterThan(kept);
  await home.end();
  return held(
    `WAL flipped: all ${before} facts back from the journal; WAL and journal lost: told, and no number given twice`,
  );
};

const lockedDatabase = async ({ short }: FaultSetting): Promise<Verdict> => {
  const home = await openHome();
  const rival = new Database(path.join(home.home, 'flowforge.db'));
  rival.exec('BEGIN IMMEDIATE');
  const asksMs: number[] = [];
  const untilMs = performance.now() + (short ? 4_000 : 30_000);
  const { runId } = await home.start(['sleep', '300']);
  await home.ask((client) => client.command(runId, 'stop', { reason: 'locked', graceMs: 0 }));
  while (performance.now() < untilMs) {
    const beganMs = performance.now();
    await home.ask((client) => client.runs({}));
    asksMs.push(performance.now() - beganMs);
    await sleepMs(100);
  }
  const goneMeanwhile = (await home.view(runId)).verifiedEmpty;
  rival.exec('ROLLBACK');
  rival.close();
  expect(goneMeanwhile, 'a stop does not wait for the database').to.equal(true);
  expect(p95(asksMs)).to.be.lessThan(1_500);
  await home.end();
  return held(`${asksMs.length} questions answered in ${spread(asksMs)}; a stop was verified meanwhile; no fact lost`);
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

const restored = async (): Promise<Verdict> => {
  const home = await openHome();
  const { runId } = await home.start(['sh', '-c', 'echo done']);
  await home.untilFact(runId, 'run-settled');
  const place = temporaryHome();
  const beganMs = performance.now();
  await home.ask((client) => client.backup(path.join(place, 'flowforge.db')));
  const tookMs = performance.now() - beganMs;
  const copy = await openLedger(place);
  const verdict = await copy.verify();
  expect(verdict.kind).to.equal('ok');
  const copied = await copy.factsAfter(0, 100_000);
  const original = (await home.facts(null)).filter((fact) => fact.seq <= (copied.at(-1)?.seq ?? 0));
  expect(copied).to.have.length(original.length);
  expect((await copy.run(runId))?.state).to.equal('exited');
  await copy.close();
  rmSync(place, { recursive: true });
  await home.end();
  return held(
    `${copied.length} facts, chain whole, runs in place; VACUUM INTO took ${Math.round(tookMs)} ms under load`,
  );
};

export const recordFaults: readonly Fault[] = [
  { id: 'D01', what: 'kill -9 while facts are written', inShort: true, provoke: killedWhileWriting },
  { id: 'D02', what: 'the disk is full, and then is not', inShort: true, provoke: diskFull },
  { id: 'D03', what: 'a home that cannot be written to', inShort: true, provoke: readOnlyHome },
  { id: 'D04', what: 'a damaged database', inShort: false, provoke: damaged },
  { id: 'D05', what: 'the write-ahead log flipped, and lost', inShort: false, provoke: walLost },
  { id: 'D06', what: 'another process holds the database', inShort: false, provoke: lockedDatabase },
  { id: 'D07', what: 'killed while the database is made', inShort: false, provoke: migrationKilled },
  { id: 'D08', what: 'a copy, restored', inShort: false, provoke: restored },
];
