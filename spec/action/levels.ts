import { cgroupBase } from '#action/containment/cgroup-files';
import type { Member } from '#action/containment/membership';
import { isAlive } from '#action/process-identity';
import type { ContainmentLevel } from '#protocol/run-spec';

/** The levels that can be tried on this machine. */
export const levels: readonly ContainmentLevel[] = cgroupBase() === null ? ['tag-scan'] : ['cgroup2', 'tag-scan'];

export const alive = (members: readonly Member[]): readonly Member[] =>
  members.filter((member) => isAlive(member.identity));
