import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#runtime/clock';
import { readBootId, readStat, signalProcess } from '../process-identity.ts';
import { listPids, readEvent, readFreeze, removeTree, writeControl } from './cgroup-files.ts';
import { type Boundary, isLiving, type Member, suspect, toMember, wait } from './membership.ts';

const freezeDeadlineMs = 1_000;

/**
 * The kernel's own list of members: nobody leaves it without privilege, and `cgroup.kill` also ends what is being forked
 * at that moment. Every method throws when the cgroup is gone or not ours; `withFallback` catches that.
 */
export const openCgroup = (cgroupDir: string, clock: Clock): Boundary => ({
  level: () => 'cgroup2',
  fallback: () => null,
  members: async () => listMembers(cgroupDir),
  signal: async (signal) => signalMembers(cgroupDir, signal),
  freeze: () => freeze(cgroupDir, clock),
  thaw: async () => writeControl(cgroupDir, 'cgroup.freeze', '0'),
  // Also where one of them has not come to a stand yet: the others wait to be let go all the same.
  isFrozen: async () => readFreeze(cgroupDir),
  findLeft: async () => findLeft(cgroupDir),
  kill: (deadlineMs) => kill(cgroupDir, { clock, deadlineMs }),
  isEmpty: async () => !readEvent(cgroupDir, 'populated'),
  release: async () => removeTree(cgroupDir),
});

/** Most looks at a cgroup that is populated although nobody on its list could be looked at. */
const mostLooks = 20;

/** A chain, in which each process forks once and exits, may be gone from under several looks. */
const listMembers = (cgroupDir: string): readonly Member[] => {
  for (let look = 1; ; look += 1) {
    const members = lookAtMembers(cgroupDir);
    if (members.length > 0 || look >= mostLooks || !readEvent(cgroupDir, 'populated')) return members;
  }
};

const findLeft = (cgroupDir: string): readonly Member[] => {
  const living = listMembers(cgroupDir).filter(isLiving);
  if (living.length > 0 || !readEvent(cgroupDir, 'populated')) return living;
  return [suspect(listPids(cgroupDir)[0] ?? 0, 'met', readBootId())];
};

const lookAtMembers = (cgroupDir: string): readonly Member[] => {
  const bootId = readBootId();
  const seen = listPids(cgroupDir).flatMap((pid) => readStat(pid) ?? []);
  // Between the list and its stat a pid may have got a new owner. Who is on a second list is a member, whoever it is.
  const still = new Set(listPids(cgroupDir));
  return seen.filter((stat) => still.has(stat.pid)).map((stat) => toMember(stat, bootId));
};

const signalMembers = (cgroupDir: string, signal: NodeJS.Signals): number =>
  listMembers(cgroupDir).filter((member) => signalProcess(member.identity, signal) === 'sent').length;

const freeze = async (cgroupDir: string, clock: Clock): Promise<readonly Member[]> => {
  writeControl(cgroupDir, 'cgroup.freeze', '1');
  const isHalted = (): boolean => readEvent(cgroupDir, 'frozen') || !readEvent(cgroupDir, 'populated');
  return (await becomes(isHalted, { clock, deadlineMs: freezeDeadlineMs })) ? [] : listMembers(cgroupDir);
};

const kill = async (
  cgroupDir: string,
  limits: { readonly clock: Clock; readonly deadlineMs: number },
): Promise<readonly Member[]> => {
  if (existsSync(join(cgroupDir, 'cgroup.kill'))) return killByKernel(cgroupDir, limits);
  // Before Linux 5.14 there is no such file. Frozen first, nobody forks while we go through the list.
  await freeze(cgroupDir, limits.clock);
  signalMembers(cgroupDir, 'SIGKILL');
  writeControl(cgroupDir, 'cgroup.freeze', '0');
  return (await becomes(() => isUnpopulated(cgroupDir), limits)) ? [] : findLeft(cgroupDir);
};

/**
 * The kernel signals the main thread of each process, which kills all of it unless that thread has ended before the others.
 * Such a process is signalled as a whole, and what it forks until then is of the next round.
 */
const killByKernel = async (
  cgroupDir: string,
  limits: { readonly clock: Clock; readonly deadlineMs: number },
): Promise<readonly Member[]> => {
  let looks = 0;
  const isOver = (): boolean => {
    writeControl(cgroupDir, 'cgroup.kill', '1');
    if (isUnpopulated(cgroupDir)) return true;
    // Who is dying needs a moment, and no look at it.
    if (++looks === 1) return false;
    for (const member of lookAtMembers(cgroupDir)) if (member.isHeadless) signalProcess(member.identity, 'SIGKILL');
    return false;
  };
  return (await becomes(isOver, limits)) ? [] : findLeft(cgroupDir);
};

const isUnpopulated = (cgroupDir: string): boolean => !readEvent(cgroupDir, 'populated');

const becomes = async (
  holds: () => boolean,
  limits: { readonly clock: Clock; readonly deadlineMs: number },
): Promise<boolean> => {
  const until = limits.clock.mono() + limits.deadlineMs;
  for (let pauseMs = 1; !holds(); pauseMs = Math.min(pauseMs * 2, 20)) {
    if (limits.clock.mono() >= until) return false;
    await wait(limits.clock, pauseMs);
  }
  return true;
};
