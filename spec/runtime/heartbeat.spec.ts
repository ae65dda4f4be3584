import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { createHeartbeats, createPulse } from '#runtime/heartbeat';
import { ownThreadId, readThreadState } from '#runtime/thread-state';

describe('the heartbeat', () => {
  it('tells how long a worker has been silent, and forgives all of it at the next beat', () => {
    const beats = createHeartbeats(2);
    const pulse = createPulse(beats, 1, 1_000);
    expect(pulse.silentForMs(1_900)).to.equal(900);
    Atomics.add(beats, 3, 1);
    expect(pulse.silentForMs(1_950)).to.equal(0);
  });

  it('does not take a thread that computes without pause for one that is starved', async () => {
    const beats = createHeartbeats(1);
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { readlinkSync } = require('node:fs');
      Atomics.store(workerData, 2, Number(readlinkSync('/proc/thread-self').split('/').pop()));
      parentPort.postMessage('spins');
      for (;;);`;
    const worker = new Worker(code, { eval: true, workerData: beats });
    try {
      await new Promise((resolve) => worker.once('message', resolve));
      const pulse = createPulse(beats, 0, performance.now());
      let longest = 0;
      for (const untilMs = performance.now() + 20_000; longest < 700 && performance.now() < untilMs; ) {
        longest = Math.max(longest, pulse.silentForMs(performance.now()));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(longest).to.be.at.least(700);
    } finally {
      await worker.terminate();
    }
  });

  it('tells a thread that hangs in a system call from one that waits for another thread', async () => {
    /** Both may wait for a lock for a moment before they get where they stay: what it is in five looks in a row counts. */
    const stateOf = async (code: string): Promise<string | undefined> => {
      const asleep = `
        const { parentPort } = require('node:worker_threads');
        const { readlinkSync } = require('node:fs');
        parentPort.postMessage(Number(readlinkSync('/proc/thread-self').split('/').pop()));
        ${code}`;
      const worker = new Worker(asleep, { eval: true });
      const threadId = await new Promise<number>((resolve) => worker.once('message', resolve));
      try {
        const seen: (string | undefined)[] = [];
        const hasSettled = (): boolean => {
          const last = seen.slice(-5);
          return last.length === 5 && last[0] !== 'runs' && last.every((state) => state === last[0]);
        };
        for (const untilMs = performance.now() + 10_000; !hasSettled() && performance.now() < untilMs; ) {
          seen.push(readThreadState(threadId)?.state);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return seen.at(-1);
      } finally {
        await worker.terminate();
      }
    };
    expect(await stateOf("require('node:child_process').execFileSync('sleep', ['2'])")).to.equal('in-system-call');
    const lock = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)';
    expect(await stateOf(lock)).to.equal('waits-for-thread');
  });

  it('reads the state of a thread from the kernel', () => {
    expect(readThreadState(ownThreadId())).to.include({ state: 'runs' });
    expect(readThreadState(0)).to.equal(null);
  });
});
