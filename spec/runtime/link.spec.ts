import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { openInlet, openOutlet } from '#runtime/link';

describe('a must-arrive link', () => {
  it('confirms a body only once its reader is done with it, in order', async () => {
    const { port1, port2 } = new MessageChannel();
    const outlet = openOutlet<number>({ kind: 'must-arrive', window: 2 });
    outlet.connect(port1);
    const read: number[] = [];
    openInlet<number>(async (body) => {
      await new Promise((resolve) => setImmediate(resolve));
      read.push(body);
    }).connect(port2);
    await Promise.all([1, 2, 3, 4, 5].map((body) => outlet.send(body)));
    expect(read).to.deep.equal([1, 2, 3, 4, 5]);
    expect(outlet.pending()).to.equal(0);
    port1.close();
  });

  it('hands everything unconfirmed to the next reader when its reader died', async () => {
    const first = new MessageChannel();
    const outlet = openOutlet<string>({ kind: 'must-arrive', window: 2 });
    outlet.connect(first.port1);
    const sent = ['a', 'b', 'c'].map((body) => outlet.send(body));
    await new Promise((resolve) => setImmediate(resolve));
    first.port2.close();

    const second = new MessageChannel();
    const read: string[] = [];
    openInlet<string>((body) => void read.push(body)).connect(second.port2);
    outlet.connect(second.port1);
    await Promise.all(sent);
    expect(read).to.deep.equal(['a', 'b', 'c']);
    second.port1.close();
  });

  it('drops what a dead writer still had queued, and counts it', async () => {
    const old = new MessageChannel();
    const fresh = new MessageChannel();
    const read: string[] = [];
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let began = (): void => undefined;
    const inHand = new Promise<void>((resolve) => {
      began = resolve;
    });
    const inlet = openInlet<string>(async (body) => {
      began();
      if (body === 'held') await held;
      read.push(body);
    });
    inlet.connect(old.port2);
    for (const [seq, body] of ['held', 'late'].entries())
      old.port1.postMessage({ kind: 'data', seq, skipped: 0, body });
    await inHand;
    // Both frames have reached the inlet once a message sent after them on the same port would have.
    await new Promise((resolve) => setImmediate(resolve));
    inlet.connect(fresh.port2);
    letGo();
    const outlet = openOutlet<string>({ kind: 'must-arrive', window: 1 });
    outlet.connect(fresh.port1);
    await outlet.send('new');
    expect(read).to.deep.equal(['held', 'new']);
    expect(inlet.stale()).to.be.at.most(1);
    fresh.port1.close();
    old.port1.close();
  });
});

describe('a latest-wins link', () => {
  it('delivers the newest and accounts for every body it skipped', async () => {
    const { port1, port2 } = new MessageChannel();
    const outlet = openOutlet<number>({ kind: 'latest-wins' });
    outlet.connect(port1);
    const read: { body: number; skipped: number }[] = [];
    let sawLast = (): void => undefined;
    const last = new Promise<void>((resolve) => {
      sawLast = resolve;
    });
    openInlet<number>((body, skipped) => {
      read.push({ body, skipped });
      if (body === 999) sawLast();
    }).connect(port2);
    for (let i = 0; i < 1000; i++) await outlet.send(i);
    await last;
    expect(read.length).to.be.lessThan(1000);
    expect(read.reduce((sum, { skipped }) => sum + 1 + skipped, 0)).to.equal(1000);
    port1.close();
  });

  it('merges what could not be sent yet where bodies tell of different things', async () => {
    const { port1, port2 } = new MessageChannel();
    const outlet = openOutlet<readonly number[]>({ kind: 'latest-wins' }, (unsent, newest) => [...unsent, ...newest]);
    for (let i = 0; i < 5; i++) await outlet.send([i]);
    const read: number[] = [];
    const all = new Promise<void>((resolve) => {
      openInlet<readonly number[]>((body) => {
        read.push(...body);
        if (read.length === 8) resolve();
      }).connect(port2);
    });
    outlet.connect(port1);
    for (let i = 5; i < 8; i++) await outlet.send([i]);
    await all;
    expect(read).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    port1.close();
  });
});
