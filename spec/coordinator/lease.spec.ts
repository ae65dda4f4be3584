import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Claimant, leasePath, readLease, takeLease } from '#coordinator/lease';
import type { ProcessIdentity } from '#protocol/run-spec';
import { temporaryDirectory } from '../sampling/temporary-directory.ts';

const processOf = (pid: number): ProcessIdentity => ({ bootId: 'this-boot', pid, startTicks: pid * 10 });
const [dead, first, second, third] = [processOf(1), processOf(2), processOf(3), processOf(4)];

describe('the lease of a home', () => {
  const directory = temporaryDirectory();
  const alive = new Set<number>();
  beforeEach(() => {
    alive.clear();
    for (const { pid } of [first, second, third]) alive.add(pid);
  });
  const claimant = (me: ProcessIdentity, before: () => void = () => undefined): Claimant => {
    let isFirstLook = true;
    return {
      me,
      isAlive: ({ pid }) => {
        const answer = alive.has(pid);
        if (isFirstLook) {
          isFirstLook = false;
          before();
        }
        return answer;
      },
    };
  };
  const leave = (holder: ProcessIdentity) => writeFileSync(leasePath(directory.path), JSON.stringify(holder));
  const takenBy = (holder: ProcessIdentity) => ({ kind: 'taken', holder });

  it('goes to the first who asks, and is refused to others while that one lives', () => {
    expect(takeLease(directory.path, claimant(first))).to.include({ kind: 'held', after: 'first' });
    expect(takeLease(directory.path, claimant(second))).to.deep.equal(takenBy(first));
    alive.delete(first.pid);
    expect(takeLease(directory.path, claimant(third))).to.include({ kind: 'held', after: 'crash' });
    expect(readdirSync(directory.path)).to.deep.equal(['daemon.lease']);
  });

  it('stays with a rival that took it from the dead while we looked at the dead', () => {
    leave(dead);
    const slow = claimant(second, () => {
      expect(takeLease(directory.path, claimant(first))).to.include({ kind: 'held', after: 'crash' });
    });
    expect(takeLease(directory.path, slow)).to.deep.equal(takenBy(first));
    expect(readLease(directory.path)).to.deep.equal(first);
  });

  it('can be had where a rival took it from the dead and gave it back while we looked at the dead', () => {
    leave(dead);
    const slow = claimant(second, () => {
      const rival = takeLease(directory.path, claimant(first));
      if (rival.kind === 'held') rival.release();
    });
    expect(takeLease(directory.path, slow)).to.include({ kind: 'held', after: 'first' });
    expect(readdirSync(directory.path)).to.deep.equal(['daemon.lease']);
  });

  it('passes on where an heir died before it wrote its name over that of the dead', () => {
    leave(dead);
    const heir = `${leasePath(directory.path)}.after-this-boot-${dead.pid}-${dead.startTicks}`;
    writeFileSync(heir, JSON.stringify(first));
    expect(takeLease(directory.path, claimant(second))).to.deep.equal(takenBy(first));
    alive.delete(first.pid);
    expect(takeLease(directory.path, claimant(second))).to.include({ kind: 'held', after: 'crash' });
    expect(readLease(directory.path)).to.deep.equal(second);
    expect(readdirSync(directory.path)).to.deep.equal(['daemon.lease']);
  });

  it('is taken from a file that a power cut has emptied', () => {
    writeFileSync(leasePath(directory.path), '');
    expect(takeLease(directory.path, claimant(first))).to.include({ kind: 'held', after: 'crash' });
  });

  it('is given back by its holder only', () => {
    const lease = takeLease(directory.path, claimant(first));
    leave(second);
    if (lease.kind === 'held') lease.release();
    expect(readLease(directory.path)).to.deep.equal(second);
    leave(first);
    if (lease.kind === 'held') lease.release();
    expect(existsSync(leasePath(directory.path))).to.equal(false);
  });

  it('goes to one of many that start at once over a stale one, each time', async () => {
    const entry = fileURLToPath(new URL('./lease-starter.js', import.meta.url));
    const starters = Array.from({ length: 6 }, () => fork(entry));
    const ask = async (starter: ChildProcess, home: string): Promise<unknown> => {
      const answer = once(starter, 'message');
      starter.send(home);
      return (await answer)[0];
    };
    try {
      for (let round = 0; round < 60; round++) {
        const home = path.join(directory.path, String(round));
        mkdirSync(home);
        writeFileSync(leasePath(home), JSON.stringify(dead));
        const answers = await Promise.all(starters.map((starter) => ask(starter, home)));
        expect(answers.filter((kind) => kind === 'held').length, `round ${round}`).to.equal(1);
        expect(readdirSync(home).filter((name) => !name.includes('.after-'))).to.deep.equal(['daemon.lease']);
      }
    } finally {
      for (const starter of starters) starter.kill('SIGKILL');
    }
  });
});
