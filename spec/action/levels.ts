import { cgroupBase } from '#action/containment/cgroup-files';
import type { Boundary, Member } from '#action/containment/membership';
import { isAlive } from '#action/process-identity';
import type { ContainmentLevel } from '#protocol/run-spec';

/** The levels that can be tried on this machine. */
export const levels: readonly ContainmentLevel[] = cgroupBase() === null ? ['tag-scan'] : ['cgroup2', 'tag-scan'];

export const alive = (members: readonly Member[]): readonly Member[] =>
  members.filter((member) => isAlive(member.identity));

export const untilAlive = async (boundary: Boundary, atLeast: number): Promise<void> => {
  for (const until = performance.now() + 15_000; ; await new Promise(setImmediate)) {
    const { length } = alive(await boundary.members());
    if (length >= atLeast) return;
    if (performance.now() > until) throw new Error(`waited 15 s for ${atLeast} processes, there are ${length}`);
  }
};
