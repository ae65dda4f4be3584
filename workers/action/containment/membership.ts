import type { Survivor } from '#protocol/facts';
import type { ContainmentLevel, ProcessIdentity } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { isSame, type ProcessStat, readProcFile } from '../process-identity.ts';

/** One process of a run. A zombie is counted, but it is not alive. */
export interface Member extends Survivor {
  readonly identity: ProcessIdentity;
  readonly isZombie: boolean;
  readonly isHeadless: boolean;
  readonly isStopped: boolean;
  readonly isDeaf: boolean;
  readonly parentPid: number;
}

/** Containment that stopped working while the run was alive, and what finds its processes since. */
export interface Fallback {
  readonly from: ContainmentLevel;
  readonly to: ContainmentLevel;
  readonly why: string;
}

/**
 * Everything that belongs to one run, and nothing else. Each signal goes to a process whose identity was confirmed right
 * before. Whatever is asked may be asked again.
 */
export interface Boundary {
  level(): ContainmentLevel;
  fallback(): Fallback | null;
  /** Zombies included: some rules count them. */
  members(): Promise<readonly Member[]>;
  /** @returns how many processes got it. */
  signal(signal: NodeJS.Signals): Promise<number>;
  /** Halts every process where it is. @returns those that did not halt in time. */
  freeze(): Promise<readonly Member[]>;
  thaw(): Promise<void>;
  isFrozen(): Promise<boolean>;
  /** Who is left, looked for as thoroughly as a kill does, but nobody is touched. None means: proven empty. */
  findLeft(): Promise<readonly Member[]>;
  /** Ends every process, waits at most `deadlineMs`. @returns the survivors; none means: verified empty. */
  kill(deadlineMs: number): Promise<readonly Member[]>;
  /** A quick look. Only `findLeft` and `kill` prove emptiness where the kernel keeps no list of the members. */
  isEmpty(): Promise<boolean>;
  /** Gives back what the kernel holds for an empty boundary. */
  release(): Promise<void>;
}

/** Named by what the process calls itself: asking for its command line would wait for a process that forks. */
export const toMember = (stat: ProcessStat, bootId: string): Member => ({
  pid: stat.pid,
  identity: { bootId, pid: stat.pid, startTicks: stat.startTicks },
  command: `[${stat.name}]`,
  isZombie: stat.isZombie,
  isHeadless: stat.isHeadless,
  isStopped: stat.isStopped,
  isDeaf: stat.isDeaf,
  parentPid: stat.parentPid,
});

/** More are not told apart by anybody. */
const mostDescribed = 32;

/**
 * The same members, the first of them with the beginning of their command lines, raw: redact before it is written anywhere.
 * Only for those who are named: in a fork storm each command line waits for memory that is being copied.
 */
export const describeMembers = (members: readonly Member[]): readonly Member[] =>
  members.map((member, index) => (index < mostDescribed ? describeMember(member) : member));

const describeMember = (member: Member): Member => {
  const line = member.isZombie || !isSame(member.identity) ? null : readProcFile(`/proc/${member.pid}/cmdline`);
  const words = (line ?? '').split('\0').join(' ').trim();
  return words === '' ? member : { ...member, command: words.slice(0, 200) };
};

/** Somebody who may be signalled by nobody: `met` was there, but is gone; of `unmet` only the pid was ever seen. */
export const suspect = (pid: number, kind: 'met' | 'unmet', bootId: string): Member => ({
  pid,
  identity: { bootId, pid, startTicks: -1 },
  command: kind === 'met' ? '[a chain of short-lived processes]' : doubt,
  isZombie: false,
  isHeadless: false,
  isStopped: false,
  isDeaf: false,
  parentPid: 0,
});

const doubt = '[new processes end faster than they can be told apart]';
export const isDoubt = (member: Member): boolean => member.command === doubt;

export const isLiving = (member: Member): boolean => !member.isZombie;

export const keyOf = (process: { readonly pid: number; readonly startTicks: number }): string =>
  `${process.pid}:${process.startTicks}`;

export const wait = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => clock.after(delayMs, resolve));
