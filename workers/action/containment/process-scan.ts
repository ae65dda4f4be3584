import type { ProcessIdentity } from '#protocol/run-spec';
import { type ProcessStat, readBootId, readStat } from '../process-identity.ts';
import { keyOf, type Member, toMember } from './membership.ts';
import { type ProcessTable, readProcessTable } from './process-table.ts';

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

  const marked = (table: ProcessTable): readonly ProcessStat[] =>
    isMarkedBy === 'limits'
      ? table.tagged(tag)
      : [...table.processes.all()].filter((stat) => !stat.isZombie && table.cookieOf(stat) === tag);

  const run = (depth: 'quick' | 'with-cookie'): Scanned => {
    const table = readProcessTable();
    // After a reboot every pid and start time means somebody else.
    if (identity.bootId !== bootId) return { since: table.since, members: [] };
    const { processes } = table;
    const keys = new Set([...known, ...marked(table)].map(keyOf));
    if (depth === 'with-cookie') for (const stat of youngestWithCookie(table, keys)) keys.add(keyOf(stat));
    processes.closeOver(keys);
    known = [...keys].flatMap((key) => processes.get(key) ?? []);
    return { since: table.since, members: stillThere() };
  };

  const youngestWithCookie = (table: ProcessTable, keys: ReadonlySet<string>): readonly ProcessStat[] => {
    const found: ProcessStat[] = [];
    let asked = 0;
    for (const stat of table.processes.youngestFirst()) {
      if (stat.isZombie || keys.has(keyOf(stat))) continue;
      if (table.cookieOf(stat) === tag) found.push(stat);
      if (++asked === cookieLimit) break;
    }
    return found;
  };

  const stillThere = (): readonly Member[] =>
    known.flatMap((stat) => {
      const now = readStat(stat.pid);
      return now !== null && now.startTicks === stat.startTicks ? [toMember(now, bootId)] : [];
    });

  return { run, known: stillThere };
};
