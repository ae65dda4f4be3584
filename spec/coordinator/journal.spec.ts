import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openJournal } from '#coordinator/journal';
import { segmentNames } from '#coordinator/journal-read';
import { type FactBody, genesisHash } from '#protocol/facts';
import { parseRunId } from '#protocol/ids';

const runId = parseRunId('01HZZZZZZZZZZZZZZZZZZZZZZZ');
const trouble = (why: string): FactBody => ({ kind: 'ledger-trouble', why, lostFrom: null });
const queued: FactBody = {
  kind: 'run-queued',
  runId,
  jobId: '01HZZZZZZZZZZZZZZZZZZZZZZZ' as never,
  generation: 1,
  face: { name: 'j', argv: [], cwd: '/', labels: {} },
  why: 'full',
};

describe('the journal', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ff-journal-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('numbers without gaps and chains each fact to the one before, across openings', () => {
    const first = openJournal(dir);
    const a = first.append(trouble('a'), { atMs: 1, sync: true });
    const b = first.append(trouble('b'), { atMs: 2, sync: false });
    first.close();
    const second = openJournal(dir);
    const c = second.append(trouble('c'), { atMs: 3, sync: false });
    expect([a.prevHash, b.prevHash, c.prevHash]).to.deep.equal([genesisHash, a.hash, b.hash]);
    expect([a, b, c].map((sealed) => sealed.fact.seq)).to.deep.equal([1, 2, 3]);
    expect(second.unconfirmed().map((sealed) => sealed.fact.seq)).to.deep.equal([1, 2, 3]);
    second.close();
  });

  it('cuts off a line that a crash left half-written, and goes on with its number', () => {
    const first = openJournal(dir);
    first.append(trouble('a'), { atMs: 1, sync: true });
    first.close();
    const [segment = ''] = readdirSync(dir);
    appendFileSync(path.join(dir, segment), '{"prev":"00","ha');
    const second = openJournal(dir);
    expect(second.append(trouble('b'), { atMs: 2, sync: true }).fact.seq).to.equal(2);
    second.close();
  });

  it('sets a segment aside in which a fact was changed on disk, names it, and keeps what stands before', () => {
    const first = openJournal(dir);
    const sealed = first.append(trouble('a'), { atMs: 1, sync: true });
    first.close();
    const [segment = ''] = readdirSync(dir);
    const forged = { prev: sealed.prevHash, hash: sealed.hash, fact: { ...sealed.fact, why: 'b' } };
    appendFileSync(path.join(dir, segment), `${JSON.stringify(forged)}\n`);
    const again = openJournal(dir);
    expect(again.damage()).to.have.length(1);
    expect(again.damage()[0]).to.include(segment);
    expect(readdirSync(dir)).to.include(`${segment}.damaged`);
    expect(again.append(trouble('c'), { atMs: 3, sync: false }).fact.seq).to.equal(2);
    again.close();
  });

  it('drops old segments once the ledger has them, and carries the facts of runs that are not settled', () => {
    for (let i = 0; i < 3; i++) {
      const journal = openJournal(dir);
      journal.append(i === 0 ? queued : trouble(String(i)), { atMs: i, sync: false });
      journal.close();
    }
    const journal = openJournal(dir);
    journal.confirm(journal.head().seq);
    expect(segmentNames(dir)).to.have.length(1);
    expect(journal.history().map(({ fact }) => fact.kind)).to.deep.equal(['run-queued']);
    journal.close();
    const next = openJournal(dir);
    expect(next.history().map(({ fact }) => fact.kind)).to.deep.equal(['run-queued']);
    expect(next.append(trouble('x'), { atMs: 9, sync: false }).fact.seq).to.equal(4);
    next.close();
  });

  it('keeps a segment until the ledger has moved it into the database itself', () => {
    let checkpointed = 0;
    const options = { keptHead: null, checkpointed: () => checkpointed };
    for (const text of ['a', 'b']) {
      const journal = openJournal(dir, options);
      journal.append(trouble(text), { atMs: 1, sync: true });
      journal.close();
    }
    const journal = openJournal(dir, options);
    journal.append(trouble('c'), { atMs: 1, sync: true });
    journal.confirm(3);
    expect(segmentNames(dir)).to.have.length(3);
    checkpointed = 1;
    journal.confirm(3);
    expect(segmentNames(dir)).to.have.length(2);
    checkpointed = 9;
    journal.confirm(3);
    expect(segmentNames(dir)).to.have.length(1);
    journal.close();
    expect(openJournal(dir, options).unconfirmed()).to.have.length(1);
  });

  it('never hands out a number again when it was lost and the ledger was not', () => {
    const kept = { seq: 40, hash: 'a'.repeat(64) };
    const journal = openJournal(dir, { keptHead: kept, checkpointed: () => 0 });
    const sealed = journal.append(trouble('a'), { atMs: 1, sync: true });
    expect(sealed.fact.seq).to.be.greaterThan(kept.seq + 1);
    expect(sealed.prevHash).to.equal(kept.hash);
    expect(journal.damage()[0]).to.match(/ends at fact 0, the ledger at 40/);
    journal.close();
  });
});
