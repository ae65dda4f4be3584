import type { Clock } from '#runtime/clock';
import { readBootId, readProcFile, readStat, signalProcess } from '../process-identity.ts';
import { carriesTag } from './run-mark.ts';

/** What looking at every newly forked process of the machine showed. */
export interface Chase {
  /** Processes of the run that were met, and killed where they were still there. */
  readonly caught: number;
  /** New processes that are not of the run. */
  readonly strangers: number;
  /** New pids that were gone before they could be looked at. */
  readonly missed: number;
  readonly lastPid: number;
}

/** A pass that misses more than it sees proves nothing. */
export const isConclusive = (chase: Chase): boolean =>
  chase.caught === 0 && chase.missed <= Math.max(2, chase.strangers);

/** Most new pids looked at in one turn: a counter that leapt further has wrapped around, or is a storm of its own. */
const turnLimit = 256;

/**
 * Catches a chain, in which each process forks once and exits: a listing of /proc always comes too late for it. The
 * newest pid of the machine tells within microseconds whom to look at. Holds this thread for `forMs`.
 */
export const chaseForks = (options: { readonly tag: number; readonly clock: Clock; readonly forMs: number }): Chase => {
  const { tag, clock } = options;
  const bootId = readBootId();
  const until = clock.mono() + options.forMs;
  const counts = { caught: 0, strangers: 0, missed: 0 };
  let lastPid = newestPid();
  while (clock.mono() < until) {
    const newest = newestPid();
    const first = newest < lastPid || newest - lastPid > turnLimit ? newest : lastPid + 1;
    for (let pid = first; pid <= newest && newest !== lastPid; pid += 1) counts[meet({ pid, tag, bootId })] += 1;
    lastPid = newest;
  }
  return { ...counts, lastPid };
};

const meet = (who: {
  readonly pid: number;
  readonly tag: number;
  readonly bootId: string;
}): 'caught' | 'strangers' | 'missed' => {
  const isOurs = carriesTag(who.pid, who.tag);
  const stat = readStat(who.pid);
  if (isOurs && stat !== null) signalProcess({ ...who, startTicks: stat.startTicks }, 'SIGKILL');
  if (isOurs) return 'caught';
  return stat === null ? 'missed' : 'strangers';
};

const newestPid = (): number => Number((readProcFile('/proc/loadavg') ?? '').trim().split(' ')[4] ?? 0);
