import type { ContainmentHandle, ProcessIdentity } from '#protocol/run-spec';
import type { ProcFiles } from './proc-files.ts';
import { isDead, type ProcStat } from './proc-stat.ts';
import type { ProcessTree } from './process-tree.ts';

/** A run as the scan sees it. */
export interface ScannedRun {
  readonly identity: ProcessIdentity;
  readonly containment: ContainmentHandle;
  readonly tree: ProcessTree;
  /** Found by a scan, not yet looked at by the run's own pass. */
  found: Set<number>;
}

/** One look over every process of the system, for all runs at once; each process is judged once. */
export interface ProcessScan {
  scan(runs: readonly ScannedRun[], monoMs: number): void;
  /** A new run may own what was nobody's before. */
  forgetStrangers(): void;
}

// A stranger's pid may be handed to a process of ours: nothing is taken for a stranger longer than this.
const strangersForMs = 30_000;

export const createProcessScan = (files: ProcFiles): ProcessScan => {
  const strangers = new Set<number>();
  let strangersSinceMs = 0;

  const unknownOf = (runs: readonly ScannedRun[]): ReadonlyMap<number, ProcStat> => {
    const listed = files.pids();
    const present = new Set(listed);
    for (const pid of strangers) if (!present.has(pid)) strangers.delete(pid);
    const known = knownOf(runs);
    const unknown = new Map<number, ProcStat>();
    for (const pid of listed) {
      if (strangers.has(pid) || known.has(pid)) continue;
      const stat = files.stat(pid);
      if (stat !== null) unknown.set(pid, stat);
    }
    return unknown;
  };

  return {
    scan: (runs, monoMs) => {
      if (monoMs - strangersSinceMs > strangersForMs) {
        strangers.clear();
        strangersSinceMs = monoMs;
      }
      const unknown = unknownOf(runs);
      if (unknown.size === 0) return;
      claim(unknown, runs, files);
      const known = knownOf(runs);
      for (const pid of unknown.keys()) {
        if (known.has(pid)) continue;
        strangers.add(pid);
        files.forget(pid);
      }
    },
    forgetStrangers: () => strangers.clear(),
  };
};

const knownOf = (runs: readonly ScannedRun[]): ReadonlySet<number> => {
  const known = new Set<number>();
  for (const run of runs) {
    for (const pid of run.tree.pids()) known.add(pid);
    for (const pid of run.found) known.add(pid);
  }
  return known;
};

/**
 * Gives each process to the run it belongs to: by the tag it inherited, by its parent, by its session. For a run in a
 * cgroup the kernel lists those that live, so its session claims zombies only; the tag claims those that left the cgroup.
 */
const claim = (unknown: ReadonlyMap<number, ProcStat>, entries: readonly ScannedRun[], files: ProcFiles): void => {
  const byTag = new Map(
    entries.flatMap((entry) =>
      entry.containment.level === 'process-group' ? [] : [[entry.containment.tag, entry] as const],
    ),
  );
  const bySession = new Map(
    entries.flatMap((entry) => [...entry.tree.sessions()].map((session) => [session, entry] as const)),
  );
  const byPid = new Map(entries.flatMap((entry) => [...entry.tree.pids()].map((pid) => [pid, entry] as const)));
  const shims = new Set<number>();
  for (const entry of entries) {
    const main = files.stat(entry.identity.pid);
    if (main?.startTicks !== entry.identity.startTicks) continue;
    byPid.set(entry.identity.pid, entry);
    bySession.set(main.session, entry);
    shims.add(main.ppid);
  }

  const take = (pid: number, entry: ScannedRun): void => {
    entry.found.add(pid);
    byPid.set(pid, entry);
  };
  let open: [number, ProcStat][] = [];
  for (const [pid, stat] of unknown) {
    if (shims.has(pid)) continue;
    const tagged = byTag.size === 0 || isDead(stat.state) ? undefined : byTag.get(files.tag(pid) ?? -1);
    if (tagged === undefined) open.push([pid, stat]);
    else take(pid, tagged);
  }
  for (;;) {
    const rest = open.filter(([pid, stat]) => {
      const kin = byPid.get(stat.ppid) ?? bySession.get(stat.session);
      if (kin === undefined || stat.startTicks < kin.identity.startTicks) return true;
      const isListed = kin.containment.level === 'cgroup2' && !isDead(stat.state);
      if (isListed && !byPid.has(stat.ppid)) return true;
      take(pid, kin);
      return false;
    });
    if (rest.length === open.length) return;
    open = rest;
  }
};
