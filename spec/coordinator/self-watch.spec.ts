import { expect } from 'chai';
import { createSelfWatch } from '#coordinator/self-watch';
import type { FactBody } from '#protocol/facts';
import { createManualClock } from '#runtime/clock';

describe('the self-watch of the coordinator', () => {
  it('tells a standstill once, and nothing of a look that was only a little late', () => {
    const clock = createManualClock();
    let lateMs = 0;
    const said: FactBody[] = [];
    const watch = createSelfWatch({
      clock: { ...clock, mono: () => clock.mono() + lateMs },
      say: (body) => said.push(body),
    });
    watch.start();
    clock.advance(1_000);
    lateMs += 900;
    clock.advance(200);
    expect(said).to.deep.equal([]);
    lateMs += 2_100;
    clock.advance(1_000);
    expect(said).to.deep.equal([{ kind: 'daemon-stalled', pid: process.pid, stalledMs: 2_100 }]);
    watch.stop();
    lateMs += 5_000;
    clock.advance(1_000);
    expect(said).to.have.length(1);
  });
});
