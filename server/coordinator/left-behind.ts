import { listPids } from '#action/containment/cgroup-files';
import { isLiving } from '#action/containment/membership';
import { createProcessScan } from '#action/containment/process-scan';
import { readStat } from '#action/process-identity';
import type { ContainmentHandle, ProcessIdentity } from '#protocol/run-spec';

/**
 * How many processes of a run live on without its main process and its shim. A quick look, for the record: whoever ends
 * them looks for them again, and thoroughly.
 */
export const countLeftBehind = (handle: ContainmentHandle, identity: ProcessIdentity): number => {
  const inCgroup = handle.level === 'cgroup2' ? livingIn(handle.cgroupDir) : 0;
  if (inCgroup > 0) return inCgroup;
  const isMarkedBy = handle.level === 'process-group' ? 'cookie' : 'limits';
  return createProcessScan({ tag: handle.tag, identity, isMarkedBy }).run('quick').members.filter(isLiving).length;
};

const livingIn = (cgroupDir: string): number => {
  try {
    return listPids(cgroupDir).filter((pid) => readStat(pid)?.isZombie === false).length;
  } catch {
    return 0; // removed since, or its job could not enter it: the tag tells
  }
};
