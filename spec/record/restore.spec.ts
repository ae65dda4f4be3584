import { copyFileSync, cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openLedger } from '#record/ledger';
import { withHome } from './temporary-home.ts';
import { createSealer, exited, newRunId, requested, started } from './told-facts.ts';

/** A ledger of four facts, a copy from when it had two, and the files as a crash leaves them: its log was not folded in. */
const withCrashedHome = (tell: (home: string, copy: string) => Promise<void>): Promise<void> =>
  withHome((living) =>
    withHome(async (home) => {
      const copy = join(home, 'copy');
      const runId = newRunId();
      const sealed = createSealer()(requested(runId), started(runId), exited(runId, 3), requested(newRunId()));
      const ledger = await openLedger(living);
      await ledger.append(sealed.slice(0, 2));
      await ledger.backup(copy);
      for (const fact of sealed.slice(2)) await ledger.append([fact]);
      for (const name of readdirSync(living)) cpSync(join(living, name), join(home, name));
      await ledger.close();
      await tell(home, copy);
    }),
  );

describe('a copy that is put beside the database', () => {
  it('takes its place, and no log of the old one is played into it', () =>
    withCrashedHome(async (home, copy) => {
      expect(existsSync(join(home, 'flowforge.db-wal'))).to.equal(true);
      writeFileSync(join(home, 'flowforge.checkpoint'), '4\n');
      copyFileSync(copy, join(home, 'flowforge.db.restore'));
      const ledger = await openLedger(home, 77);
      expect(ledger.lastSeq()).to.equal(2);
      expect(ledger.loss()).to.include({ lostFrom: 3 });
      expect(ledger.loss()?.why).to.contain('flowforge.db.replaced-77');
      expect(existsSync(join(home, 'flowforge.checkpoint')), 'a promise about the old one').to.equal(false);
      await ledger.close();
      const again = await openLedger(home);
      expect(again.lastSeq()).to.equal(2);
      await again.close();
      await keptDatabaseHolds(home, 4);
    }));

  it('is refused where it is damaged, and the record goes on as it was', () =>
    withCrashedHome(async (home) => {
      writeFileSync(join(home, 'flowforge.db.restore'), 'half a copy, or no copy at all'.repeat(50));
      const ledger = await openLedger(home, 77);
      expect(ledger.lastSeq()).to.equal(4);
      expect(ledger.loss()).to.include({ lostFrom: null });
      expect(existsSync(join(home, 'flowforge.db.restore'))).to.equal(false);
      expect(existsSync(join(home, 'flowforge.db.restore.refused-77'))).to.equal(true);
      await ledger.close();
    }));
});

const keptDatabaseHolds = (home: string, facts: number): Promise<void> =>
  withHome(async (elsewhere) => {
    for (const suffix of ['', '-wal'])
      copyFileSync(join(home, `flowforge.db.replaced-77${suffix}`), join(elsewhere, `flowforge.db${suffix}`));
    const ledger = await openLedger(elsewhere);
    expect(ledger.lastSeq()).to.equal(facts);
    await ledger.close();
  });
