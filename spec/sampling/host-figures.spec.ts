import { expect } from 'chai';
import { createManualClock } from '#runtime/clock';
import { createHostReader, createHostWatch } from '#sampling/host-figures';

describe('the figures of the host', () => {
  it('are read in the background and kept for three seconds', async () => {
    const clock = createManualClock();
    let asked = 0;
    const watch = createHostWatch({
      clock,
      homeDir: '/',
      read: async () => ({ cpuPct: ++asked, memTotalBytes: 100, memAvailableBytes: 40 }),
    });
    expect(watch.current().memTotalBytes).to.equal(0);
    await watch.settled();
    expect(watch.current()).to.include({ cpuPct: 1, memAvailableBytes: 40 });
    expect(watch.current().diskFreeBytes).to.be.greaterThan(0);
    clock.advance(2999);
    watch.current();
    await watch.settled();
    expect(asked).to.equal(1);
    clock.advance(1);
    watch.current();
    await watch.settled();
    expect(watch.current().cpuPct).to.equal(2);
  });

  it('are read anew when the wall clock jumps: the machine slept', async () => {
    const clock = createManualClock();
    let asked = 0;
    const watch = createHostWatch({
      clock,
      homeDir: '/',
      read: async () => ({ cpuPct: ++asked, memTotalBytes: 100, memAvailableBytes: 40 }),
    });
    watch.current();
    await watch.settled();
    clock.jump(3_600_000);
    watch.current();
    await watch.settled();
    expect(asked).to.equal(2);
  });

  it('stay as they were when they cannot be read', async () => {
    const clock = createManualClock();
    let fails = false;
    const read = async (): Promise<{ cpuPct: number; memTotalBytes: number; memAvailableBytes: number }> => {
      if (fails) throw new Error('no /proc/meminfo');
      return { cpuPct: 5, memTotalBytes: 100, memAvailableBytes: 40 };
    };
    const watch = createHostWatch({ clock, homeDir: '/no/such/place', read });
    watch.current();
    await watch.settled();
    fails = true;
    clock.advance(3000);
    watch.current();
    await watch.settled();
    expect(watch.current()).to.include({ cpuPct: 5, diskFreeBytes: null });
  });

  it('come from the real host', async () => {
    const read = createHostReader();
    const spunUntilMs = performance.now() + 60;
    while (performance.now() < spunUntilMs);
    const host = await read();
    expect(host.cpuPct).to.be.within(1, 100);
    expect(host.memTotalBytes).to.be.greaterThan(host.memAvailableBytes);
    expect(host.memAvailableBytes).to.be.greaterThan(0);
  });
});
