import { assertNever } from '#protocol/assert-never';
import type { ContainmentHandle, ContainmentLevel, ProcessIdentity } from '#protocol/run-spec';
import { type Clock, systemClock } from '#runtime/clock';
import { isAlive } from '../process-identity.ts';
import { openCgroup } from './cgroup.ts';
import { cgroupBase, isInside } from './cgroup-files.ts';
import type { Boundary } from './membership.ts';
import { openProcessGroup } from './process-group.ts';
import { carriesTag } from './run-mark.ts';
import { openTagScan } from './tag-scan.ts';
import { withFallback } from './with-fallback.ts';
import { withStrays } from './with-strays.ts';

/** What the shim and every later boundary of this run need; stored with the run. */
export const handleFor = (
  level: ContainmentLevel,
  run: { readonly runId: string; readonly tag: number },
): ContainmentHandle => {
  if (level !== 'cgroup2') return { level, tag: run.tag };
  const base = cgroupBase();
  if (base === null) return { level: 'tag-scan', tag: run.tag };
  return { level, cgroupDir: `${base}/${run.runId}`, tag: run.tag };
};

/** @param identity the run's main process: a hint only, it must carry the mark of the run to be touched. */
export const openBoundary = (
  handle: ContainmentHandle,
  identity: ProcessIdentity,
  clock: Clock = systemClock,
): Boundary => {
  switch (handle.level) {
    case 'cgroup2':
      return withFallback(withStrays(openCgroup(handle.cgroupDir, clock), { ...handle, identity, clock }), {
        openNext: () => openTagScan({ tag: handle.tag, identity, clock }),
        refused: isOutside(handle, identity) ? 'the job could not enter its cgroup' : null,
      });
    case 'tag-scan':
      return openTagScan({ tag: handle.tag, identity, clock });
    case 'process-group':
      return openProcessGroup({ tag: handle.tag, identity, clock });
    default:
      return assertNever(handle);
  }
};

/** A main process that carries the mark of the run, but lives in another cgroup: an empty cgroup would prove nothing. */
const isOutside = (handle: { readonly cgroupDir: string; readonly tag: number }, identity: ProcessIdentity): boolean =>
  isAlive(identity) && carriesTag(identity.pid, handle.tag) && !isInside(identity.pid, handle.cgroupDir);
