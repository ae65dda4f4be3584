import type { Clock } from '#runtime/clock';
import { isTaken, readBootId, readProcFile, readStat, signalProcess } from '../process-identity.ts';
import { carriesTag } from './run-mark.ts';

/**
 * What looking at every newly forked process of the machine showed. `nobody` is a proof: each process that was alive at
 * the end was in the process table before, or was looked at. `inconclusive`: processes came faster than they were looked at.
 */
export type Chase =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'caught'; readonly processes: number; readonly lastPid: number }
  | { readonly kind: 'inconclusive'; readonly lastPid: number };

/** Pids looked at once more: one of them may have been promised, but not yet visible, when the table was read. */
const lookBack = 64;
/** Most new pids looked at in one turn: a counter that leapt further is a storm of its own. */
const turnLimit = 1_024;

/** The pid handed out last, on the whole machine; null where the system does not tell. */
export const newestPid = (): number | null => {
  const pid = Number((readProcFile('/proc/loadavg') ?? '').trim().split(' ')[4] ?? 0);
  return pid > 0 ? pid : null;
};

/**
 * Catches a chain, in which each process forks once and exits: a listing of /proc always comes too late for it. Everybody
 * newer than `since` (read before the listing) is looked at, until nobody came while we looked. Who vanished unseen does
 * not matter then: its children are newer still. Holds this thread for at most `forMs`.
 */
export const chaseForks = (options: {
  readonly tag: number;
  readonly clock: Clock;
  readonly since: number;
  readonly forMs: number;
  /** Those of the run that are met are killed on sight. */
  readonly kills: boolean;
}): Chase => {
  const { tag, clock } = options;
  const bootId = readBootId();
  const until = clock.mono() + options.forMs;
  let caught = 0;
  let seen = Math.max(0, options.since - lookBack);
  for (;;) {
    const newest = newestPid();
    if (newest === null || newest < seen || newest - seen > turnLimit) return told(caught, newest ?? seen);
    if (newest === seen) return caught === 0 ? { kind: 'nobody' } : told(caught, newest);
    for (let pid = seen + 1; pid <= newest; pid += 1) {
      if (meet({ pid, tag, bootId, kills: options.kills })) caught += 1;
    }
    seen = newest;
    if (clock.mono() >= until) return told(caught, newest);
  }
};

const told = (processes: number, lastPid: number): Chase =>
  processes > 0 ? { kind: 'caught', processes, lastPid } : { kind: 'inconclusive', lastPid };

/** True for a living process of the run. */
const meet = (who: {
  readonly pid: number;
  readonly tag: number;
  readonly bootId: string;
  readonly kills: boolean;
}): boolean => {
  if (!isTaken(who.pid) || !carriesTag(who.pid, who.tag)) return false;
  const stat = readStat(who.pid);
  if (stat === null || stat.isZombie) return false;
  if (who.kills) signalProcess({ ...who, startTicks: stat.startTicks }, 'SIGKILL');
  return true;
};
