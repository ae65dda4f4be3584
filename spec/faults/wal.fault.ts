import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import type { Fact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { crashAll } from './crash.ts';
import { type Fault, held, type Verdict } from './fault.ts';
import { type GuardedHome, openHome } from './guarded-home.ts';

/** A log of SQLite: 32 bytes of header, then frames of 24 bytes and a page. Those of an older round carry another salt. */
const liveFrames = (wal: Buffer): { readonly count: number; readonly frameBytes: number } => {
  const frameBytes = 24 + wal.readUInt32BE(8);
  const salt = wal.subarray(16, 24);
  let count = 0;
  for (let at = 32; at + frameBytes <= wal.length && wal.subarray(at + 8, at + 16).equals(salt); at += frameBytes)
    count += 1;
  return { count, frameBytes };
};

/** Early in the log, so that most of it is lost. */
const flipAByte = (file: string): void => {
  const wal = readFileSync(file);
  const { count, frameBytes } = liveFrames(wal);
  const at = 32 + Math.floor(count / 4) * frameBytes + 24 + Math.floor(frameBytes / 2);
  wal.writeUInt8(wal.readUInt8(at) ^ 0xff, at);
  writeFileSync(file, wal);
};

/** Where SQLite ends by itself now, asked of a copy: opening it would mend the log. */
const endOfDatabase = (home: string): number => {
  const place = mkdtempSync(path.join(tmpdir(), 'ff-fault-'));
  for (const name of ['flowforge.db', 'flowforge.db-wal']) cpSync(path.join(home, name), path.join(place, name));
  const database = new Database(path.join(place, 'flowforge.db'));
  const { seq } = database.prepare('SELECT max(seq) AS seq FROM facts').get() as { seq: number };
  database.close();
  rmSync(place, { recursive: true });
  return seq;
};

const keptHeadOf = (home: string): number =>
  Number(readFileSync(path.join(home, 'flowforge.head'), 'utf8').split(' ')[0]);

const idsOf = (facts: readonly Fact[]): readonly string[] => facts.map(({ seq, id }) => `${seq} ${id}`);

/** Every fact that was acknowledged, once hundreds of them are in the log alone and the home has fallen silent. */
const fillWal = async (home: GuardedHome): Promise<readonly Fact[]> => {
  // Whoever reads an older state holds back the checkpoint, which would come after half a minute.
  const reader = new Database(path.join(home.home, 'flowforge.db'), { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM facts').get();
  const runs: RunId[] = [];
  for (let i = 0; i < 8; i += 1) {
    const batch = await Promise.all(Array.from({ length: 10 }, () => home.start(['true'])));
    runs.push(...batch.map(({ runId }) => runId));
  }
  await home.forge.until(
    'all of them to settle',
    async () => (await Promise.all(runs.map(home.view))).every(({ settled }) => settled),
    120_000,
  );
  const facts = await home.facts(null);
  // Nothing more is said: the head has to come to the disk by itself.
  const newest = facts.at(-1)?.seq;
  await home.forge.until('the head beside the database', async () => keptHeadOf(home.home) === newest, 3_000);
  reader.close();
  return facts;
};

const walFlipped = async (): Promise<string> => {
  const home = await openHome();
  const facts = await fillWal(home);
  const newest = facts.at(-1)?.seq ?? 0;
  await crashAll(home);
  flipAByte(path.join(home.home, 'flowforge.db-wal'));
  const ends = endOfDatabase(home.home);
  expect(newest - ends, 'facts that the flipped byte takes from the database').to.be.greaterThan(200);
  await home.forge.run('daemon', 'start');
  const { chain } = await home.ask((client) => client.verify());
  expect(chain.kind === 'ok' && chain.lastSeq >= newest, JSON.stringify(chain)).to.equal(true);
  const after = await home.facts(null);
  expect(idsOf(after.filter(({ seq }) => seq <= newest)), 'every acknowledged fact').to.deep.equal(idsOf(facts));
  await untilLossIsTold(home, ends + 1);
  await home.end();
  return `a byte flipped amid ${newest} facts: SQLite ends at ${ends}, told, and all ${newest} are back from the journal`;
};

const untilLossIsTold = (home: GuardedHome, lostFrom: number): Promise<Fact> =>
  home.forge.until(
    `the loss from ${lostFrom} on to be told`,
    async () =>
      (await home.facts(null)).find((fact) => fact.kind === 'ledger-trouble' && fact.lostFrom === lostFrom) ?? null,
  );

/** As above, but nothing is left to write it again from. */
const allLost = async (damage: 'flipped' | 'deleted'): Promise<string> => {
  const home = await openHome();
  const newest = (await fillWal(home)).at(-1)?.seq ?? 0;
  await crashAll(home);
  const wal = path.join(home.home, 'flowforge.db-wal');
  if (damage === 'flipped') flipAByte(wal);
  else for (const lost of ['flowforge.db-wal', 'flowforge.db-shm']) rmSync(path.join(home.home, lost));
  rmSync(path.join(home.home, 'journal'), { recursive: true });
  await home.forge.run('daemon', 'start');
  const told = await home.forge.until('the loss to be told', async () => {
    const facts = await home.facts(null);
    return (
      facts.find((fact) => fact.kind === 'ledger-trouble' && fact.lostFrom !== null && fact.lostFrom <= newest) ?? null
    );
  });
  expect(told.seq, 'a number that was given before').to.be.greaterThan(newest);
  const { code, stdout } = await home.forge.run('verify');
  expect(stdout, 'the tail that is gone, named by verify').to.match(/known gap before fact \d+/);
  expect(code).to.equal(0);
  await home.end();
  return `WAL ${damage} and the journal gone, too: told, named by verify, no number given twice`;
};

const walDamaged = async (): Promise<Verdict> =>
  held([await walFlipped(), await allLost('flipped'), await allLost('deleted')].join('; '));

export const walFaults: readonly Fault[] = [
  { id: 'D05', what: 'the write-ahead log flipped, and lost', inShort: false, provoke: walDamaged },
];
