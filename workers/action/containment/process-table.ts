import { readdirSync } from 'node:fs';
import { type ProcessStat, readProcFile, readStat } from '../process-identity.ts';
import { newestPid } from './fork-chase.ts';
import { keyOf } from './membership.ts';
import { readCookie, readTag } from './run-mark.ts';

/**
 * One listing of /proc, shared by all runs that look for their processes within a moment. Whoever came since is added by
 * pid, so a table that is a moment old shows as much as a fresh one; who has gone since must be asked for again.
 */
export interface ProcessTable {
  /** The pid handed out last when the listing began; null where the system does not tell. */
  readonly since: number | null;
  /** The listing, and everybody who came since. */
  stats(): readonly ProcessStat[];
  /** The tag in the limits of a process; null without one. */
  tagOf(stat: ProcessStat): number | null;
  /** The tag in its environment, which it may have shed. */
  cookieOf(stat: ProcessStat): number | null;
}

const sharedForMs = 50;
/** More newcomers than this are quicker listed anew. */
const mostNewcomers = 256;
/** Pids that may have been promised, but not yet visible, when the listing was made. */
const lookBack = 16;
/** Of the start times in /proc: a hundredth of a second each. A job has its mark long before it is this old. */
const settledTicks = 1_000;

type Marks = Map<string, number | null>;
interface Shared {
  readonly table: ProcessTable;
  readonly readAtMs: number;
  readonly tags: Marks;
  readonly cookies: Marks;
}
let shared: Shared | null = null;

export const readProcessTable = (): ProcessTable => {
  const nowMs = performance.now();
  if (shared === null || nowMs - shared.readAtMs > sharedForMs || !isNear(shared.table.since))
    shared = listProcesses(nowMs);
  return shared.table;
};

const isNear = (since: number | null): boolean => {
  const newest = newestPid();
  return since !== null && newest !== null && newest >= since && newest - since <= mostNewcomers;
};

const listProcesses = (readAtMs: number): Shared => {
  const since = newestPid();
  const listed = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));
  const pids = new Set(listed.map(({ pid }) => pid));
  const newcomers = new Map<number, ProcessStat>();
  const settledBefore = uptimeTicks() - settledTicks;
  const tags = kept(shared?.tags, { listed, settledBefore });
  const cookies = kept(shared?.cookies, { listed, settledBefore });
  const table: ProcessTable = {
    since,
    stats: () => {
      const newest = newestPid();
      if (since === null || newest === null) return listed;
      for (let pid = Math.max(1, since - lookBack); pid <= newest; pid += 1) {
        const stat = newcomers.has(pid) || pids.has(pid) ? null : readStat(pid);
        if (stat !== null && isProcess(pid)) newcomers.set(pid, stat);
      }
      return newcomers.size === 0 ? listed : [...listed, ...newcomers.values()];
    },
    tagOf: (stat) => remembered(tags, stat, readTag),
    cookieOf: (stat) => remembered(cookies, stat, readCookie),
  };
  return { table, readAtMs, tags, cookies };
};

/** Threads have numbers of their own, which no listing shows. */
const isProcess = (pid: number): boolean =>
  Number(/^Tgid:\s+(\d+)/m.exec(readProcFile(`/proc/${pid}/status`) ?? '')?.[1]) === pid;

const uptimeTicks = (): number => Number((readProcFile('/proc/uptime') ?? '').split(' ')[0]) * 100;

/** Marks are inherited, never acquired: who has been without one for long is not asked again. */
const kept = (
  before: Marks | undefined,
  now: { readonly listed: readonly ProcessStat[]; readonly settledBefore: number },
): Marks => {
  const marks: Marks = new Map();
  for (const stat of now.listed) {
    const mark = before?.get(keyOf(stat));
    if (mark !== undefined && (mark !== null || stat.startTicks < now.settledBefore)) marks.set(keyOf(stat), mark);
  }
  return marks;
};

const remembered = (marks: Marks, stat: ProcessStat, ask: (pid: number) => number | null): number | null => {
  const key = keyOf(stat);
  const known = marks.get(key);
  if (known !== undefined) return known;
  const mark = ask(stat.pid);
  marks.set(key, mark);
  return mark;
};
