import { availableParallelism } from 'node:os';
import type { RunId } from '#protocol/ids';
import type { ProcessFigures } from '#protocol/observations';
import type { ContainmentHandle, ProcessIdentity } from '#protocol/run-spec';
import type { ProcFiles } from './proc-files.ts';
import { isDead, type ProcStat } from './proc-stat.ts';
import { createProcessTree, type ProcessTree, type TreeScale } from './process-tree.ts';

export interface TableRun {
  readonly runId: RunId;
  readonly identity: ProcessIdentity;
  readonly containment: ContainmentHandle;
}

export interface ProcessTable {
  add(run: TableRun): void;
  remove(runId: RunId): void;
  /** One pass over /proc for all of `due`. */
  pass(due: readonly RunId[], monoMs: number): ReadonlyMap<RunId, ProcessFigures>;
  endedCommands(runId: RunId): readonly string[];
  close(): void;
}

interface Entry extends TableRun {
  readonly tree: ProcessTree;
  /** Found by a scan, not yet looked at by the run's own pass. */
  found: Set<number>;
}

const zombieSweepEveryMs = 2000;
// A stranger's pid may be handed to a process of ours: nothing is taken for a stranger longer than this.
const strangersForMs = 30_000;

// Linux tells user space about time in hundredths of a second on every architecture that Node runs on.
const linuxScale = (): TreeScale => ({ ticksPerSecond: 100, pageBytes: 4096, cores: availableParallelism() });

export const createProcessTable = (files: ProcFiles, scale: TreeScale = linuxScale()): ProcessTable => {
  const entries = new Map<RunId, Entry>();
  const strangers = new Set<number>();
  let strangersSinceMs = 0;
  let sweptAtMs = Number.NEGATIVE_INFINITY;

  const isKnown = (pid: number): boolean => {
    for (const entry of entries.values()) if (entry.tree.has(pid) || entry.found.has(pid)) return true;
    return false;
  };

  const scan = (monoMs: number): void => {
    if (monoMs - strangersSinceMs > strangersForMs) {
      strangers.clear();
      strangersSinceMs = monoMs;
    }
    const listed = files.pids();
    const present = new Set(listed);
    for (const pid of strangers) if (!present.has(pid)) strangers.delete(pid);
    const unknown = new Map<number, ProcStat>();
    const known = new Set<number>();
    for (const entry of entries.values()) for (const pid of [...entry.tree.pids(), ...entry.found]) known.add(pid);
    for (const pid of listed) {
      if (strangers.has(pid) || known.has(pid)) continue;
      const stat = files.stat(pid);
      if (stat !== null) unknown.set(pid, stat);
    }
    if (unknown.size > 0) claim(unknown, [...entries.values()], files);
    for (const pid of unknown.keys()) {
      if (isKnown(pid)) continue;
      strangers.add(pid);
      files.forget(pid);
    }
    sweptAtMs = monoMs;
  };

  const listedFor = (entry: Entry): Iterable<number> => {
    if (files.bootId !== '' && entry.identity.bootId !== files.bootId) return [];
    const found = entry.found;
    entry.found = new Set();
    if (entry.containment.level === 'cgroup2') {
      return found.size === 0
        ? files.cgroupPids(entry.containment.cgroupDir)
        : [...files.cgroupPids(entry.containment.cgroupDir), ...found];
    }
    const main = entry.identity.pid;
    if (entry.tree.has(main) || files.stat(main)?.startTicks === entry.identity.startTicks) found.add(main);
    return found;
  };

  return {
    add: (run) => {
      if (entries.has(run.runId)) return;
      entries.set(run.runId, { ...run, tree: createProcessTree(run.identity, { files, scale }), found: new Set() });
      strangers.clear();
    },
    remove: (runId) => {
      const entry = entries.get(runId);
      if (entry === undefined) return;
      for (const pid of entry.tree.pids()) files.forget(pid);
      if (entry.containment.level === 'cgroup2') files.forget(entry.containment.cgroupDir);
      entries.delete(runId);
    },
    pass: (due, monoMs) => {
      const dueEntries = due.flatMap((runId) => entries.get(runId) ?? []);
      const mustScan = dueEntries.some((entry) => entry.containment.level !== 'cgroup2');
      if (mustScan || (dueEntries.length > 0 && monoMs - sweptAtMs >= zombieSweepEveryMs)) scan(monoMs);
      return new Map(dueEntries.map((entry) => [entry.runId, entry.tree.pass(listedFor(entry), monoMs)]));
    },
    endedCommands: (runId) => entries.get(runId)?.tree.endedCommands() ?? [],
    close: () => files.close(),
  };
};

/**
 * Gives each process to the run it belongs to: by the tag it inherited, by its parent, by its session. A run in a
 * cgroup claims zombies only, since the kernel lists all others.
 */
const claim = (unknown: ReadonlyMap<number, ProcStat>, entries: readonly Entry[], files: ProcFiles): void => {
  const byTag = new Map(
    entries.flatMap((entry) =>
      entry.containment.level === 'tag-scan' ? [[entry.containment.tag, entry] as const] : [],
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

  const take = (pid: number, entry: Entry): void => {
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
      if (kin.containment.level === 'cgroup2' && !isDead(stat.state)) return true;
      take(pid, kin);
      return false;
    });
    if (rest.length === open.length) return;
    open = rest;
  }
};
