import { readdirSync } from 'node:fs';
import { isTaken, type ProcessStat, readProcFile, readStat } from '../process-identity.ts';
import { newestPid } from './fork-chase.ts';
import { ProcessIndex } from './process-index.ts';
import { ProcessMarks } from './process-marks.ts';
import { readCookie, readTag } from './run-mark.ts';

/**
 * One listing of /proc, shared by all runs that look for their processes within a moment. Whoever came since is added by
 * pid, so a table that is a moment old shows as much as a fresh one; who has gone since must be asked for again.
 */
export interface ProcessTable {
  /** The pid handed out last when the listing began; null where the system does not tell. */
  readonly since: number | null;
  /** The listing, and everybody who came until it was asked for last. */
  readonly processes: ProcessIndex;
  /** Those of them with this tag in their limits. */
  tagged(tag: number): readonly ProcessStat[];
  /** The tag in the environment of a process, which it may have shed. */
  cookieOf(stat: ProcessStat): number | null;
}

/** A moment; where there are thousands of processes it is longer, so that to list them is a quarter of the work at most. */
const sharedForMs = 50;
const sharedForListings = 4;
/** More newcomers than this are quicker listed anew. */
const mostNewcomers = 256;
/** Pids that may have been promised, but not yet visible, when the listing was made. */
const lookBack = 16;
/** A hundredth of a second each: so long a job may be in the making, and its mark may come after it was looked at. */
const newbornTicks = 100;

let shared: Listing | null = null;

export const readProcessTable = (): ProcessTable => {
  const nowMs = performance.now();
  if (shared === null || !shared.isGoodAt(nowMs)) shared = new Listing(nowMs, shared);
  shared.catchUp();
  return shared;
};

class Listing implements ProcessTable {
  readonly since = newestPid();
  readonly processes = new ProcessIndex();
  readonly #ticks: number;
  readonly #tags: ProcessMarks;
  readonly #cookies: ProcessMarks;
  readonly #byTag = new Map<number, ProcessStat[]>();
  readonly #pids = new Set<number>();
  #newborn: readonly ProcessStat[] = [];
  readonly #untilMs: number;

  constructor(beganMs: number, before: Listing | null) {
    const listed = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));
    this.#ticks = uptimeTicks();
    const none = new ProcessMarks(this.#ticks);
    this.#tags = (before === null ? none : before.#tags).keptFor(listed, this.#ticks);
    this.#cookies = (before === null ? none : before.#cookies).keptFor(listed, this.#ticks);
    for (const stat of listed) this.#add(stat);
    const nowMs = performance.now();
    this.#untilMs = nowMs + Math.max(sharedForMs, sharedForListings * (nowMs - beganMs));
  }

  isGoodAt(nowMs: number): boolean {
    const newest = newestPid();
    const { since } = this;
    if (nowMs > this.#untilMs || since === null || newest === null) return false;
    return newest >= since && newest - since <= mostNewcomers;
  }

  tagged(tag: number): readonly ProcessStat[] {
    return this.#byTag.get(tag) ?? [];
  }

  cookieOf(stat: ProcessStat): number | null {
    return this.#cookies.of(stat, readCookie);
  }

  /** Adds who came since, and the marks of those who had none yet. */
  catchUp(): void {
    this.#newborn = this.#newborn.filter((stat) => !this.#noteTag(stat, readTag(stat.pid)));
    const newest = newestPid();
    if (this.since === null || newest === null) return;
    for (let pid = Math.max(1, this.since - lookBack); pid <= newest; pid += 1) {
      const stat = this.#pids.has(pid) || !isTaken(pid) ? null : readStat(pid);
      if (stat !== null && isProcess(pid)) this.#add(stat);
    }
  }

  #add(stat: ProcessStat): void {
    this.#pids.add(stat.pid);
    this.processes.add(stat);
    const isTagged = this.#noteTag(stat, this.#tags.of(stat, readTag));
    if (!isTagged && stat.startTicks > this.#ticks - newbornTicks) this.#newborn = [...this.#newborn, stat];
  }

  #noteTag(stat: ProcessStat, tag: number | null): boolean {
    if (tag === null) return false;
    this.#byTag.set(tag, [...this.tagged(tag), stat]);
    return true;
  }
}

/** Threads have numbers of their own, which no listing shows. */
const isProcess = (pid: number): boolean =>
  Number(/^Tgid:\s+(\d+)/m.exec(readProcFile(`/proc/${pid}/status`) ?? '')?.[1]) === pid;

const uptimeTicks = (): number => Number((readProcFile('/proc/uptime') ?? '').split(' ')[0]) * 100;
