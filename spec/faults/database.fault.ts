import { closeSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { type Fault, type FaultSetting, held, p95, spread, type Verdict } from './fault.ts';
import { type GuardedHome, openHome } from './guarded-home.ts';

const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

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
  const asideMs: number[] = [];
  for (const [name, damage] of chosen) {
    const home = await openHome({ load: { jobs: 3, linesPerSecond: 50 } });
    const before = (await home.ask((client) => client.runs({}))).items;
    await home.forge.run('daemon', 'stop');
    const file = path.join(home.home, 'flowforge.db');
    // A write-ahead log that is still there would heal it.
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
    damage(file);
    await home.forge.run('daemon', 'start');
    const after = (await home.ask((client) => client.runs({}))).items;
    const running = (rows: typeof before): readonly string[] =>
      rows
        .filter((row) => row.state === 'running')
        .map((row) => row.runId)
        .sort();
    expect(running(after), `${name}: jobs still guarded`).to.deep.equal(running(before));
    asideMs.push(await toldAfterMs(home, name));
    if (name !== 'emptied')
      expect(
        readdirSync(home.home).some((file) => file.includes('damaged-')),
        `${name}: kept`,
      ).to.equal(true);
    await home.end();
  }
  const underWay = await damagedWhileRunning();
  const figure = `${chosen.map(([name]) => name).join(', ')}: set aside and told ${spread(asideMs)} after the daemon began, jobs still guarded; ${underWay}`;
  expect(Math.max(...asideMs), figure).to.be.at.most(quarantinedMs);
  return held(figure);
};

const quarantinedMs = 2_000;

/** From the first word of the newest daemon: the threads start, the database is checked, set aside and made anew. */
const toldAfterMs = async (home: GuardedHome, damage: string): Promise<number> => {
  const told = await home.forge.until(
    `${damage} to be told`,
    async () => (await home.facts(null)).find((fact) => fact.kind === 'ledger-trouble') ?? null,
  );
  const began = (await home.facts(null)).findLast((fact) => fact.kind === 'daemon-started');
  if (began === undefined) throw new TypeError('expected the beginning of the daemon among the facts');
  return told.atMs - began.atMs;
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
  await home.end();
  const figure = `${asksMs.length} questions answered in ${spread(asksMs)}; a stop was verified meanwhile; no fact lost`;
  expect(p95(asksMs), figure).to.be.lessThan(500);
  return held(figure);
};

export const databaseFaults: readonly Fault[] = [
  { id: 'D04', what: 'a damaged database', inShort: false, provoke: damaged },
  { id: 'D06', what: 'another process holds the database', inShort: false, provoke: lockedDatabase },
];
