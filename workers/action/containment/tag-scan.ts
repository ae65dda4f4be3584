import type { ProcessIdentity } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { chaseForks } from './fork-chase.ts';
import { type Boundary, isLiving, type Member, suspect, wait } from './membership.ts';
import { createProcessScan } from './process-scan.ts';
import { openScanBoundary } from './scan-boundary.ts';

/** Where the system does not tell the newest pid, a second listing is all the proof there is. */
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

  /** Empty is only believed when everybody who was born during the look was looked at, too. */
  const findHidden = async (kills: boolean): Promise<readonly Member[]> => {
    const { since, members } = scan.run('with-cookie');
    const living = members.filter(isLiving);
    if (living.length > 0) return living;
    if (since === null) {
      await wait(clock, confirmAfterMs);
      return scan.run('with-cookie').members.filter(isLiving);
    }
    const chase = chaseForks({ tag, clock, since, forMs: chaseMs, kills });
    return chase.kind === 'nobody'
      ? []
      : [suspect(chase.lastPid, chase.kind === 'caught' ? 'met' : 'unmet', identity.bootId)];
  };

  return openScanBoundary({ level: 'tag-scan', scan, clock, findHidden });
};
