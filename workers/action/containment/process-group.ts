import type { ProcessIdentity } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { type Boundary, isLiving } from './membership.ts';
import { createProcessScan } from './process-scan.ts';
import { openScanBoundary } from './scan-boundary.ts';

/**
 * The last resort: members are found by cookie, session and parent, all of which a daemon can shake off. Where limits can
 * be read after all, whoever escaped is named as a survivor; where not, an escape stays out of sight.
 */
export const openProcessGroup = (options: {
  readonly tag: number;
  readonly identity: ProcessIdentity;
  readonly clock: Clock;
}): Boundary => {
  const scan = createProcessScan({ ...options, isMarkedBy: 'cookie' });
  const escaped = createProcessScan({ ...options, isMarkedBy: 'limits' });
  return openScanBoundary({
    level: 'process-group',
    scan,
    clock: options.clock,
    findHidden: async () => {
      const seen = scan.run('with-cookie').members.filter(isLiving);
      return seen.length > 0 ? seen : escaped.run('quick').members.filter(isLiving);
    },
  });
};
