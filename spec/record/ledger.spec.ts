import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { type Ledger, openLedger } from '#record/ledger';
import { withHome } from './temporary-home.ts';
import {
  createSealer,
  decisionMade,
  exited,
  incidentOpened,
  newIncidentId,
  newRunId,
  requested,
  started,
} from './told-facts.ts';

const withLedger = (home: string, tell: (ledger: Ledger) => Promise<void>): Promise<void> =>
  openLedger(home).then(async (ledger) => {
    try {
      await tell(ledger);
    } finally {
      await ledger.close();
    }
  });

const everyRun = { cursor: null, limit: 50, states: [], name: null, labels: [] } as const;

describe('the ledger', () => {
  it('takes each fact once, however often it is told', () =>
    withHome((home) =>
      withLedger(home, async (ledger) => {
        const runId = newRunId();
        const sealed = createSealer()(requested(runId), started(runId), exited(runId, 3));
        expect(await ledger.append(sealed.slice(0, 2))).to.deep.equal({ count: 2, breaks: [] });
        expect(await ledger.append(sealed)).to.deep.equal({ count: 1, breaks: [] });
        expect(ledger.lastSeq()).to.equal(3);
        expect((await ledger.run(runId))?.exitCode).to.equal(3);
        expect(await ledger.verify()).to.include({ kind: 'ok', facts: 3 });
      }),
    ));

  it('goes on after it was closed, and folds runs that it no longer holds in memory', () =>
    withHome(async (home) => {
      const seal = createSealer();
      const runId = newRunId();
      const incidentId = newIncidentId();
      await withLedger(home, async (ledger) => {
        await ledger.append(seal(requested(runId), started(runId), incidentOpened(runId, incidentId)));
      });
      await withLedger(home, async (ledger) => {
        await ledger.append(seal(decisionMade(runId, incidentId), exited(runId)));
        expect((await ledger.run(runId))?.state).to.equal('exited');
        expect((await ledger.incident(incidentId))?.action).to.equal('stop');
        expect(ledger.loss()).to.equal(null);
      });
    }));

  it('writes a batch whole or not at all', () =>
    withHome((home) =>
      withLedger(home, async (ledger) => {
        const runId = newRunId();
        const [first, second] = createSealer()(requested(runId), started(runId));
        if (first === undefined || second === undefined) throw new Error('two facts were sealed');
        const altered = { ...second, text: second.text.replace('4242', '1') };
        const refusal = await ledger.append([first, altered]).catch((error: unknown) => String(error));
        expect(refusal).to.contain('fact 2 does not match its hash');
        expect(ledger.lastSeq()).to.equal(0);
        await ledger.append([first, second]);
        expect(await ledger.verify()).to.include({ kind: 'ok', facts: 2 });
      }),
    ));

  it('refuses to change or delete a fact, and names the first one that was altered behind its back', () =>
    withHome(async (home) => {
      const runId = newRunId();
      await withLedger(home, async (ledger) => {
        await ledger.append(createSealer()(requested(runId), started(runId), exited(runId)));
      });
      const database = new Database(join(home, 'flowforge.db'));
      expect(() => database.exec("UPDATE facts SET text = 'x' WHERE seq = 2")).to.throw('append-only');
      expect(() => database.exec('DELETE FROM facts')).to.throw('append-only');
      database.exec(
        "DROP TRIGGER facts_refuse_update; UPDATE facts SET text = replace(text, '4242', '4243') WHERE seq = 2",
      );
      database.close();
      await withLedger(home, async (ledger) => {
        expect(await ledger.verify()).to.include({ kind: 'bad', seq: 2 });
      });
    }));

  it('says up to which fact it lies in the database itself, and that only once it does', () =>
    withHome(async (home) => {
      const file = join(home, 'flowforge.checkpoint');
      await withLedger(home, async (ledger) => {
        const seal = createSealer();
        const many = Array.from({ length: 600 }, () => started(newRunId()));
        await ledger.append(seal(...many));
        expect(existsSync(file)).to.equal(false);
        await ledger.append(seal(...many));
        expect(readFileSync(file, 'utf8')).to.equal('1200\n');
        await ledger.append(seal(exited(newRunId())));
        expect(readFileSync(file, 'utf8')).to.equal('1200\n');
        // Without its write-ahead log it still has all of that.
        writeFileSync(join(home, 'copy.db'), readFileSync(join(home, 'flowforge.db')));
        const database = new Database(join(home, 'copy.db'));
        expect(database.prepare('SELECT max(seq) AS seq FROM facts').get()).to.deep.equal({ seq: 1200 });
        database.close();
      });
    }));

  it('lets go of whole oldest segments, never of a live run, and still proves itself', () =>
    withHome((home) =>
      withLedger(home, async (ledger) => {
        const seal = createSealer();
        const [old, live] = [newRunId(), newRunId()];
        const others = Array.from({ length: 11 }, () => started(old));
        await ledger.append(seal(requested(old), ...others, exited(old), requested(live), started(live)));
        await ledger.append(seal(...Array.from({ length: 15 }, () => started(live))));
        const keep = { keepMs: 1_000, nowMs: Number.MAX_SAFE_INTEGER, segmentFacts: 10 };
        expect(await ledger.dropOldest({ ...keep, nowMs: 0 }), 'too young').to.equal(null);
        expect(await ledger.dropOldest(keep)).to.deep.include({ upToSeq: 10, facts: 10 });
        expect(await ledger.dropOldest(keep), 'a live run is in it').to.equal(null);
        const verdict = await ledger.verify();
        expect(verdict).to.include({ kind: 'ok', facts: 20, lastSeq: 30 });
        expect(verdict.kind === 'ok' && verdict.breaks.map(({ seq }) => seq)).to.deep.equal([11]);
        await ledger.append(seal(exited(live)));
        expect(await ledger.dropOldest(keep)).to.deep.include({ upToSeq: 20, facts: 10 });
        expect(await ledger.run(old), 'all of it is gone').to.equal(null);
        expect((await ledger.run(live))?.state).to.equal('exited');
        expect(await ledger.dropOldest(keep)).to.deep.include({ upToSeq: 30, facts: 10 });
        expect(await ledger.dropOldest(keep), 'the newest stays').to.equal(null);
        expect(await ledger.verify()).to.include({ kind: 'ok', facts: 1, lastSeq: 31 });
        const database = new Database(join(home, 'flowforge.db'));
        expect(() => database.exec('DELETE FROM facts')).to.throw('append-only');
        database.exec("DROP TRIGGER facts_refuse_delete; UPDATE anchors SET prev_hash = 'x'");
        database.close();
        expect(await ledger.verify(), 'without its anchor').to.include({ kind: 'bad', seq: 31 });
      }),
    ));

  it('takes facts after a gap, and says what is missing', () =>
    withHome((home) =>
      withLedger(home, async (ledger) => {
        const runId = newRunId();
        const sealed = createSealer()(requested(runId), started(runId), exited(runId), exited(runId));
        await ledger.append(sealed.slice(0, 1));
        const { breaks } = await ledger.append(sealed.slice(2));
        expect(breaks.map(({ why }) => why)).to.deep.equal(['facts 2 to 2 are not in the ledger']);
        const verdict = await ledger.verify();
        expect(verdict.kind).to.equal('ok');
        expect(verdict.kind === 'ok' && verdict.breaks.map(({ seq }) => seq)).to.deep.equal([3]);
      }),
    ));

  it('notices that the newest facts are gone', () =>
    withHome(async (home) => {
      const runId = newRunId();
      await withLedger(home, async (ledger) => {
        await ledger.append(createSealer()(requested(runId), started(runId), exited(runId)));
      });
      const database = new Database(join(home, 'flowforge.db'));
      database.exec('DROP TRIGGER facts_refuse_delete; DELETE FROM facts WHERE seq > 1');
      database.close();
      await withLedger(home, async (ledger) => {
        expect(ledger.loss()?.lostFrom).to.equal(2);
        expect(await ledger.verify()).to.include({ kind: 'bad', seq: 2 });
      });
    }));

  for (const damage of ['text in place of a database', 'a damaged page'] as const) {
    it(`sets ${damage} aside, keeps it, and starts anew`, () =>
      withHome(async (home) => {
        const seal = createSealer();
        const runId = newRunId();
        const file = join(home, 'flowforge.db');
        await withLedger(home, async (ledger) => {
          await ledger.append(seal(requested(runId), started(runId)));
        });
        if (damage === 'a damaged page') {
          const database = new Database(file);
          database.pragma('wal_checkpoint(TRUNCATE)');
          database.close();
          const { size } = statSync(file);
          const bytes = Buffer.alloc(size, 0x5a);
          const handle = await import('node:fs/promises').then((fs) => fs.open(file, 'r+'));
          await handle.write(bytes, 0, size - 4096, 4096);
          await handle.close();
        } else
          writeFileSync(file, 'this is not a database, but it is long enough to be looked at by SQLite'.repeat(20));
        await withLedger(home, async (ledger) => {
          expect(ledger.loss()?.why).to.contain('was damaged');
          expect(ledger.lastSeq()).to.equal(0);
          const { breaks } = await ledger.append(seal(exited(runId)));
          expect(breaks).to.have.length(1);
          expect(readdirSync(home).some((name) => name.startsWith('flowforge.db.damaged-'))).to.equal(true);
        });
      }));
  }

  it('lists runs newest first by page, and filters by state, name and label', () =>
    withHome((home) =>
      withLedger(home, async (ledger) => {
        const seal = createSealer();
        const ids = [1, 2, 3, 4, 5].map((n) => newRunId(n * 1000));
        const [first, second] = ids;
        if (first === undefined || second === undefined) throw new Error('there are five ids');
        await ledger.append(
          seal(
            ...ids.map((id, at) =>
              requested(id, { name: `job-${at}`, labels: { team: at < 2 ? 'a_b' : 'axb', x: '1' } }),
            ),
          ),
        );
        await ledger.append(seal(started(first)));
        const page = await ledger.runs({ ...everyRun, limit: 2 });
        expect(page.items.map(({ name }) => name)).to.deep.equal(['job-4', 'job-3']);
        const next = await ledger.runs({ ...everyRun, limit: 10, cursor: page.nextCursor });
        expect(next.items.map(({ name }) => name)).to.deep.equal(['job-2', 'job-1', 'job-0']);
        expect(next.nextCursor).to.equal(null);
        const running = await ledger.runs({ ...everyRun, states: ['running'] });
        expect(running.items.map(({ runId }) => runId)).to.deep.equal([first]);
        const labelled = await ledger.runs({ ...everyRun, labels: ['team=a_b', 'x=1'] });
        expect(labelled.items.map(({ runId }) => runId)).to.deep.equal([second, first]);
        expect((await ledger.runsByPrefix(first.slice(0, 25), 3)).length).to.be.greaterThan(0);
      }),
    ));

  it('tells one run or one incident as a timeline', () =>
    withHome((home) =>
      withLedger(home, async (ledger) => {
        const [runId, other] = [newRunId(), newRunId()];
        const incidentId = newIncidentId();
        await ledger.append(
          createSealer()(
            requested(runId),
            requested(other),
            incidentOpened(runId, incidentId),
            decisionMade(runId, incidentId),
          ),
        );
        const ask = { cursor: null, limit: 10, runId: null, incidentId: null, order: 'oldest-first' } as const;
        expect((await ledger.timeline({ ...ask, runId })).items.map(({ kind }) => kind)).to.deep.equal([
          'run-requested',
          'incident-opened',
          'decision-made',
        ]);
        const page = await ledger.timeline({ ...ask, incidentId, limit: 1, order: 'newest-first' });
        expect(page.items[0]?.text).to.contain('stop: it still repeats (cpu.pct 99.8 %');
        expect(
          (await ledger.timeline({ ...ask, incidentId, order: 'newest-first', cursor: page.nextCursor })).items.map(
            ({ kind }) => kind,
          ),
        ).to.deep.equal(['incident-opened']);
      }),
    ));

  it('keeps its files to their owner', () =>
    withHome((home) =>
      withLedger(home, async (ledger) => {
        const before = process.umask(0o022);
        try {
          await ledger.append(createSealer()(requested(newRunId())));
        } finally {
          process.umask(before);
        }
        const files = readdirSync(home);
        expect(files).to.include.members(['flowforge.db', 'flowforge.db-wal', 'flowforge.db-shm', 'flowforge.head']);
        for (const name of files) expect(statSync(join(home, name)).mode & 0o077, name).to.equal(0);
      }),
    ));

  it('makes a backup that opens, counts the same and verifies', () =>
    withHome((home) =>
      withHome((other) =>
        withLedger(home, async (ledger) => {
          const runId = newRunId();
          await ledger.append(createSealer()(requested(runId), started(runId)));
          await ledger.backup(join(other, 'flowforge.db'));
          await withLedger(other, async (copy) => {
            expect(await copy.verify()).to.include({ kind: 'ok', facts: 2 });
          });
        }),
      ),
    ));
});
