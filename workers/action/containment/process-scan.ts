import { readdirSync } from 'node:fs';
import type { ProcessIdentity } from '#protocol/run-spec';
import { type ProcessStat, readBootId, readStat } from '../process-identity.ts';
import { keyOf, type Member, toMember } from './membership.ts';
import { carriesCookie, carriesTag } from './run-mark.ts';

/** Finds the members of one run in the process table, and remembers them: who once belonged belongs for good. */
export interface ProcessScan {
  /** @param depth `with-cookie` also reads environments, of at most 64 unknown processes: slow under fork load. */
  run(depth: 'quick' | 'with-cookie'): readonly Member[];
  /** Those found so far that are still there; does not look for new ones. */
  known(): readonly Member[];
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
  const knownKeys = new Set<string>();
  let strangerKeys: ReadonlySet<string> = new Set();
  let known: readonly ProcessStat[] = [];

  const isKnown = (stat: ProcessStat): boolean => knownKeys.has(keyOf(stat));
  const isMarked = (stat: ProcessStat): boolean =>
    isMarkedBy === 'limits' ? carriesTag(stat.pid, tag) : !stat.isZombie && carriesCookie(stat.pid, tag);
  const remember = (stat: ProcessStat): void => void knownKeys.add(keyOf(stat));

  const run = (depth: 'quick' | 'with-cookie'): readonly Member[] => {
    // After a reboot every pid and start time means somebody else.
    if (identity.bootId !== bootId) return [];
    const table = readTable();
    // A mark is inherited, never acquired: who did not carry it when first seen is not looked at again.
    for (const stat of table) if (!isKnown(stat) && !strangerKeys.has(keyOf(stat)) && isMarked(stat)) remember(stat);
    if (depth === 'with-cookie') {
      const youngest = table
        .filter((stat) => !isKnown(stat) && !stat.isZombie)
        .sort((a, b) => b.startTicks - a.startTicks);
      for (const stat of youngest.slice(0, cookieLimit)) if (carriesCookie(stat.pid, tag)) remember(stat);
    }
    closeOver(table, { isKnown, remember });
    strangerKeys = new Set(table.filter((stat) => !isKnown(stat)).map(keyOf));
    known = table.filter(isKnown);
    return known.map((stat) => toMember(stat, bootId));
  };

  return {
    run,
    known: () =>
      known.flatMap((stat) => {
        const now = readStat(stat.pid);
        return now !== null && now.startTicks === stat.startTicks ? [toMember(now, bootId)] : [];
      }),
  };
};

const readTable = (): readonly ProcessStat[] =>
  readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));

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
