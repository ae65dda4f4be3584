import type { ProcessIdentity } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { type Chase, chaseForks, isConclusive } from './fork-chase.ts';
import { type Boundary, isLiving, type Member, wait } from './membership.ts';
import { createProcessScan } from './process-scan.ts';
import { openScanBoundary } from './scan-boundary.ts';

const confirmAfterMs = 250;
const chaseMs = 20;

/** Members are found by the limits they inherit, then by cookie, session and parent. Needs no privilege, only /proc. */
export const openTagScan = (options: {
  readonly tag: number;
  readonly identity: ProcessIdentity;
  readonly clock: Clock;
}): Boundary => {
  const { tag, identity, clock } = options;
  const scan = createProcessScan({ tag, isMarkedBy: 'limits', identity });
  const findLiving = (): readonly Member[] => scan.run('with-cookie').filter(isLiving);

  /** Empty is only believed after a look at every new fork, and another a quarter of a second later. */
  const findHidden = async (): Promise<readonly Member[]> => {
    const first = chaseForks({ tag, clock, forMs: chaseMs });
    if (!isConclusive(first)) return [suspectOf(first, identity)];
    await wait(clock, confirmAfterMs);
    const living = findLiving();
    if (living.length > 0) return living;
    const second = chaseForks({ tag, clock, forMs: chaseMs });
    return isConclusive(second) ? [] : [suspectOf(second, identity)];
  };

  return openScanBoundary({ level: 'tag-scan', scan, clock, findHidden });
};

const suspectOf = (chase: Chase, identity: ProcessIdentity): Member => ({
  pid: chase.lastPid,
  identity: { ...identity, pid: chase.lastPid },
  command:
    chase.caught > 0 ? '[a chain of short-lived processes]' : '[new processes end faster than they can be told apart]',
  isZombie: false,
  isStopped: false,
});
