import type { ProcessIdentity } from '#protocol/run-spec';
import { type ProcessStat, readBootId, readStat } from '../process-identity.ts';
import { keyOf, type Member, toMember } from './membership.ts';
import { readProcessTable } from './process-table.ts';

/** Finds the members of one run in the process table, and remembers them: who once belonged belongs for good. */
export interface ProcessScan {
  /** @param depth `with-cookie` also reads environments, of at most 64 unknown processes: slow under fork load. */
  run(depth: 'quick' | 'with-cookie'): Scanned;
  /** Those found so far that are still there; does not look for new ones. */
  known(): readonly Member[];
}

export interface Scanned {
  /** The pid handed out last before the process table was read: who is newer may have been missed. */
  readonly since: number | null;
  readonly members: readonly Member[];
}

const cookieLimit = 64;

export const createProcessScan = (options: {
  readonly tag: number;
  readonly identity: ProcessIdentity;
  /** `limits` where the shim could set them; else the cookie in the environment is all there is. */
  readonly isMarkedBy: 'limits' | 'cookie';
}): ProcessScan => {
  const { tag, identity, isMarkedBy } = options;
  const bootId = readBootId();
  let known: readonly ProcessStat[] = [];
  let knownKeys: ReadonlySet<string> = new Set();

  const run = (depth: 'quick' | 'with-cookie'): Scanned => {
    const table = readProcessTable();
    // After a reboot every pid and start time means somebody else.
    if (identity.bootId !== bootId) return { since: table.since, members: [] };
    const listed = table.stats();
    const keys = new Set(knownKeys);
    const isKnown = (stat: ProcessStat): boolean => keys.has(keyOf(stat));
    const isMarked = (stat: ProcessStat): boolean =>
      isMarkedBy === 'limits' ? table.tagOf(stat) === tag : !stat.isZombie && table.cookieOf(stat) === tag;
    for (const stat of listed) if (!isKnown(stat) && isMarked(stat)) keys.add(keyOf(stat));
    if (depth === 'with-cookie') {
      const youngest = listed
        .filter((stat) => !isKnown(stat) && !stat.isZombie)
        .sort((a, b) => b.startTicks - a.startTicks);
      for (const stat of youngest.slice(0, cookieLimit)) if (table.cookieOf(stat) === tag) keys.add(keyOf(stat));
    }
    closeOver(listed, { isKnown, remember: (stat) => void keys.add(keyOf(stat)) });
    known = listed.filter(isKnown);
    knownKeys = new Set(known.map(keyOf));
    return { since: table.since, members: stillThere() };
  };

  const stillThere = (): readonly Member[] =>
    known.flatMap((stat) => {
      const now = readStat(stat.pid);
      return now !== null && now.startTicks === stat.startTicks ? [toMember(now, bootId)] : [];
    });

  return { run, known: stillThere };
};

/**
 * Children of members are members, and so is everybody in a session that a member leads: sessions are only inherited.
 * Only leaders that are still there count; the number of a session that died out is handed out again.
 */
const closeOver = (
  table: readonly ProcessStat[],
  belonging: { readonly isKnown: (stat: ProcessStat) => boolean; readonly remember: (stat: ProcessStat) => void },
): void => {
  for (;;) {
    const members = table.filter(belonging.isKnown);
    const pids = new Set(members.map((stat) => stat.pid));
    const led = new Set(members.filter((stat) => stat.sessionId === stat.pid).map((stat) => stat.pid));
    const found = table.filter(
      (stat) => !belonging.isKnown(stat) && (pids.has(stat.parentPid) || led.has(stat.sessionId)),
    );
    if (found.length === 0) return;
    for (const stat of found) belonging.remember(stat);
  }
};
