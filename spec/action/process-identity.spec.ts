import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import { identityOf, isAlive, isSame, parseStat, readStat, signalProcess } from '#action/process-identity';

describe('process identity', () => {
  let child: ChildProcess;
  beforeEach(() => {
    child = spawn('sleep', ['20'], { stdio: 'ignore' });
  });
  afterEach(() => void child.kill('SIGKILL'));

  it('names a process by boot, pid and start time', () => {
    const identity = identityOf(child.pid ?? 0);
    expect(identity).to.include({ pid: child.pid });
    expect(identity && isSame(identity) && isAlive(identity)).to.equal(true);
  });

  it('knows nobody where no process is', () => {
    expect(identityOf(2 ** 22 + 1)).to.equal(null);
  });

  it('does not take the next owner of a pid for the one it knew', async () => {
    const identity = identityOf(child.pid ?? 0);
    if (identity === null) throw new Error('the child is gone');
    for (const stranger of [
      { ...identity, startTicks: identity.startTicks - 1 },
      { ...identity, bootId: '00000000-0000-0000-0000-000000000000' },
    ]) {
      expect(isSame(stranger)).to.equal(false);
      expect(signalProcess(stranger, 'SIGKILL')).to.equal('gone');
    }
    expect(signalProcess(identity, 'SIGTERM')).to.equal('sent');
    expect(await once(child, 'exit')).to.deep.equal([null, 'SIGTERM']);
    expect(isSame(identity)).to.equal(false);
  });

  it('calls a zombie the same process, but not an alive one', async () => {
    const parent = spawn('python3', ['-c', zombieKeeper], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [line] = await once(parent.stdout, 'data');
    const identity = identityOf(Number(String(line)));
    expect(identity && isSame(identity)).to.equal(true);
    expect(identity && isAlive(identity)).to.equal(false);
    expect(identity && signalProcess(identity, 'SIGKILL')).to.equal('gone');
    parent.stdin.end();
    await once(parent, 'exit');
  });

  it('reads a stat line whatever the process calls itself', () => {
    const line = `42 (NAME) T 1 40 39 0 -1 4194304 74 0 0 0 0 0 0 0 20 0 1 0 143664 3133440 348`;
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(parseStat(line.replace('NAME', () => name))).to.deep.equal({
          pid: 42,
          parentPid: 1,
          groupId: 40,
          sessionId: 39,
          startTicks: 143664,
          isZombie: false,
          isHeadless: false,
          isStopped: true,
          isDeaf: false,
          name,
        });
      }),
    );
  });

  it('makes nothing of what is no stat line', () => {
    fc.assert(fc.property(fc.string(), (text) => parseStat(text) === null));
    expect(readStat(process.pid)?.pid).to.equal(process.pid);
  });
});

const zombieKeeper = `
import os, sys
child = os.fork()
if child == 0: os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.read()
os.wait()
`;
