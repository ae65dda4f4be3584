import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { ulid } from 'ulid';
import { createFrozenCut } from '#coordinator/frozen-cut';
import type { Fact } from '#protocol/facts';
import { type InterventionId, parseRunId } from '#protocol/ids';
import type { ActionMessage } from '#protocol/messages';
import { createManualClock } from '#runtime/clock';
import { temporaryDirectory } from '../sampling/temporary-directory.ts';

describe('cutting the head of a log where there are no holes', () => {
  const directory = temporaryDirectory();
  const runId = parseRunId(ulid());
  const tell = { isRunning: true };
  const open = () => {
    const clock = createManualClock();
    const orders: ActionMessage[] = [];
    const cuts: number[] = [];
    const ends: (string | null)[] = [];
    const frozen = createFrozenCut({
      clock,
      runs: () => [{ runId, runDir: directory.path, isRunning: tell.isRunning }],
      orderAction: (order) => void orders.push(order),
      log: () => undefined,
      cut: (_file, upTo) => {
        cuts.push(upTo);
        return null;
      },
    });
    const punch = frozen.over((_file, _hole, onEnd) => onEnd('Operation not supported'));
    const ask = (upTo: number) =>
      punch(path.join(directory.path, 'stdout.log'), { from: 5, length: upTo - 5 }, (why) => void ends.push(why));
    const paused = (processes: number, reason = reasonOf(orders[0])): Fact => ({
      ...{ seq: 1, id: '1', atMs: 1, kind: 'run-paused', runId, resumeAtMs: null, by: 'daemon', processes, reason },
      interventionId: 'i' as InterventionId,
    });
    return { clock, orders, cuts, ends, frozen, ask, paused, kinds: () => orders.map(({ kind }) => kind) };
  };
  const reasonOf = (order: ActionMessage | undefined): string => (order && 'reason' in order ? order.reason : '');
  const mark = () => existsSync(path.join(directory.path, 'halted-for-log'));
  beforeEach(() => {
    tell.isRunning = true;
  });

  it('halts the run, cuts once it stands still, and lets it go on', () => {
    const { ask, kinds, cuts, ends, frozen, paused } = open();
    ask(100);
    expect([kinds(), cuts, ends, mark()]).to.deep.equal([['pause-requested'], [], [], true]);
    frozen.heard(paused(3));
    expect([kinds(), cuts, ends]).to.deep.equal([['pause-requested', 'resume-requested'], [100], [null]]);
    frozen.heard({ ...paused(3), kind: 'run-resumed' } as Fact);
    expect(mark()).to.equal(false);
  });

  it('does not cut where not every process could be halted, and says so', () => {
    const { ask, kinds, cuts, ends, frozen, paused } = open();
    ask(100);
    frozen.heard(paused(0));
    expect([kinds(), cuts]).to.deep.equal([['pause-requested', 'resume-requested'], []]);
    expect(ends).to.deep.equal(['Operation not supported, and its processes could not be halted']);
  });

  it('gives up after a while where nobody halts it', () => {
    const { ask, kinds, cuts, ends, frozen, paused, clock } = open();
    ask(100);
    clock.advance(5_000);
    expect(ends).to.have.length(1);
    frozen.heard(paused(3));
    expect([kinds(), cuts]).to.deep.equal([['pause-requested', 'resume-requested'], []]);
  });

  it('leaves a run alone that somebody else has paused', () => {
    tell.isRunning = false;
    const { ask, kinds, ends } = open();
    ask(100);
    expect([kinds(), ends]).to.deep.equal([[], ['Operation not supported']]);
  });

  it('lets a run go on that an earlier daemon had halted for it', () => {
    writeFileSync(path.join(directory.path, 'halted-for-log'), '');
    const { frozen, kinds } = open();
    frozen.recover();
    expect(kinds()).to.deep.equal(['resume-requested']);
  });
});
