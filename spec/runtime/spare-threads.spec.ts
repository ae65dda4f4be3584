import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { createSpareThreads } from '#runtime/spare-threads';
import type { WorkerPlan } from '#runtime/worker-plan';

const plan = { name: 'sampling' } as WorkerPlan;

describe('spare threads', () => {
  let opened: Worker[] = [];
  const open = (): Worker => {
    const thread = new Worker('setInterval(() => undefined, 1_000)', { eval: true });
    opened.push(thread);
    return thread;
  };
  afterEach(async () => {
    for (const thread of opened) await thread.terminate();
    opened = [];
  });

  it('makes one, and hands it over once', () => {
    const spares = createSpareThreads(open);
    spares.prepare(plan, 0);
    spares.prepare(plan, 100);
    expect(opened).to.have.length(1);
    expect(spares.take('sampling')).to.equal(opened[0]);
    expect(spares.take('sampling')).to.equal(null);
  });

  it('ends one that is not needed, and rests before it makes another', async () => {
    const spares = createSpareThreads(open);
    spares.prepare(plan, 0);
    const ended = new Promise((resolve) => opened[0]?.once('exit', resolve));
    spares.dismiss('sampling', 200);
    await ended;
    spares.prepare(plan, 10_000);
    expect(spares.take('sampling')).to.equal(null);
    spares.prepare(plan, 31_000);
    expect(spares.take('sampling')).to.equal(opened[1]);
  });

  it('keeps one for a minute after a death, whatever is said of silence', () => {
    const spares = createSpareThreads(open);
    spares.prepareAhead(plan, 0);
    spares.dismiss('sampling', 59_000);
    expect(spares.take('sampling')).to.equal(opened[0]);
    spares.prepareAhead(plan, 59_000);
    spares.dismiss('sampling', 120_000);
    expect(spares.take('sampling')).to.equal(null);
  });

  it('does not hand over one that died while it waited', async () => {
    const spares = createSpareThreads(() => {
      const thread = new Worker('throw new Error("no such module")', { eval: true });
      opened.push(thread);
      return thread;
    });
    spares.prepare(plan, 0);
    await new Promise((resolve) => opened[0]?.once('exit', resolve));
    expect(spares.take('sampling')).to.equal(null);
  });
});
