import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Fact } from '#protocol/facts';
import { openLedger } from '#record/ledger';
import { crashAll } from './crash.ts';
import { type Fault, held, type Verdict } from './fault.ts';
import { type GuardedHome, openHome } from './guarded-home.ts';

const temporaryPlace = (): string => mkdtempSync(path.join(tmpdir(), 'ff-fault-'));

/** A copy of a home under load, and how long it took. */
const backUp = async (
  home: GuardedHome,
  place: string,
): Promise<{ readonly file: string; readonly tookMs: number }> => {
  const file = path.join(place, 'flowforge.db');
  const beganMs = performance.now();
  await home.ask((client) => client.backup(file));
  return { file, tookMs: performance.now() - beganMs };
};

const openedAlone = async (): Promise<string> => {
  const home = await openHome();
  const { runId } = await home.start(['sh', '-c', 'echo done']);
  await home.untilFact(runId, 'run-settled');
  const place = temporaryPlace();
  const { tookMs } = await backUp(home, place);
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
  return `opened alone: ${copied.length} facts, chain whole, VACUUM INTO took ${Math.round(tookMs)} ms under load`;
};

const idsOf = (facts: readonly Fact[], upToSeq: number): readonly string[] =>
  facts.filter(({ seq }) => seq <= upToSeq).map(({ seq, id }) => `${seq} ${id}`);

/**
 * Into the home that it came from, as the command says to, after a crash: with the write-ahead log, its index, the journal
 * and the head of a time when more had been said.
 */
const putBack = async (journal: 'kept' | 'lost'): Promise<string> => {
  const home = await openHome();
  const before = await home.start(['sh', '-c', 'exit 4']);
  await home.untilFact(before.runId, 'run-settled');
  const atCopy = await home.start(['sh', '-c', 'sleep 4; exit 6']);
  await home.untilFact(atCopy.runId, 'run-started');
  const place = temporaryPlace();
  const { file } = await backUp(home, place);
  const copied = await endOf(file);
  const after = await home.start(['sh', '-c', 'exit 5']);
  for (const { runId } of [after, atCopy]) await home.untilFact(runId, 'run-settled');
  const sleeper = await home.start(['sleep', '300']);
  await home.untilFact(sleeper.runId, 'run-started');
  const all = await home.facts(null);
  await crashAll(home);
  expect(existsSync(path.join(home.home, 'flowforge.db-wal')), 'a log that would be played into the copy').to.equal(
    true,
  );
  copyFileSync(file, path.join(home.home, 'flowforge.db.restore'));
  if (journal === 'lost') rmSync(path.join(home.home, 'journal'), { recursive: true });
  expect((await home.forge.run('daemon', 'restart')).code).to.equal(0);

  const told = await home.forge.until('the restore to be told', async () => {
    const facts = await home.facts(null);
    return facts.find((fact) => fact.kind === 'ledger-trouble' && fact.lostFrom === copied + 1) ?? null;
  });
  const newest = all.at(-1)?.seq ?? 0;
  expect(told.seq, 'a number that was given before').to.be.greaterThan(newest);
  const now = await home.facts(null);
  const whole = journal === 'kept' ? newest : copied;
  expect(idsOf(now, whole), 'facts').to.deep.equal(idsOf(all, whole));
  const states = async (): Promise<readonly string[]> =>
    Promise.all([before, atCopy, sleeper].map(async ({ runId }) => (await home.view(runId)).state));
  await home.forge.until(
    'each run to be as it is',
    async () => (await states()).join() === 'exited,exited,running' && (await home.view(atCopy.runId)).exitCode === 6,
  );
  const { code, stdout } = await home.forge.run('verify');
  expect(code, stdout).to.equal(0);
  if (journal === 'kept') expect((await home.view(after.runId)).exitCode).to.equal(5);
  else expect(stdout, 'what is gone').to.match(/known gap before fact \d+/);
  expect(readdirSync(home.home).filter((name) => /^flowforge\.db\.replaced-\d+$/.test(name))).to.have.length(1);
  await home.stop(sleeper.runId, 0);
  await home.end();
  rmSync(place, { recursive: true });
  return journal === 'kept'
    ? `put back into a home with WAL, journal and head of later: ${copied} facts of the copy and ${newest - copied} of the journal there`
    : `without the journal: ${copied} facts there, the gap told and named by verify, each run as it is`;
};

/** Where the copy ends, asked of a copy of it. */
const endOf = async (file: string): Promise<number> => {
  const place = temporaryPlace();
  copyFileSync(file, path.join(place, 'flowforge.db'));
  const ledger = await openLedger(place);
  const seq = ledger.lastSeq();
  await ledger.close();
  rmSync(place, { recursive: true });
  return seq;
};

const restored = async (): Promise<Verdict> =>
  held([await openedAlone(), await putBack('kept'), await putBack('lost')].join('; '));

export const restoreFaults: readonly Fault[] = [
  { id: 'D08', what: 'a copy, restored', inShort: false, provoke: restored },
];
