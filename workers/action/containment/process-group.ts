import type { ProcessIdentity } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import type { Boundary } from './membership.ts';
import { createProcessScan } from './process-scan.ts';
import { openScanBoundary } from './scan-boundary.ts';

/**
 * The last resort: nothing inherits a mark that it cannot lose, so a daemon that clears its environment is out of sight.
 * What can be seen is ended; what is in sight and not ended is named.
 */
export const openProcessGroup = (options: {
  readonly tag: number;
  readonly identity: ProcessIdentity;
  readonly clock: Clock;
}): Boundary => {
  const scan = createProcessScan({ ...options, isMarkedBy: 'cookie' });
  return openScanBoundary({ level: 'process-group', scan, clock: options.clock, findHidden: async () => [] });
};
