import { availableParallelism } from 'node:os';
import type { RunId } from '#protocol/ids';
import type { ProcessFigures } from '#protocol/observations';
import type { ContainmentHandle, ProcessIdentity } from '#protocol/run-spec';
import type { ProcFiles } from './proc-files.ts';
import { createProcessScan, type ScannedRun } from './process-scan.ts';
import { createProcessTree, type TreeScale } from './process-tree.ts';

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

interface Entry extends TableRun, ScannedRun {}

// The kernel does not list zombies in a cgroup.
const zombieSweepEveryMs = 2000;

// Linux tells user space about time in hundredths of a second on every architecture that Node runs on.
const linuxScale = (): TreeScale => ({ ticksPerSecond: 100, pageBytes: 4096, cores: availableParallelism() });

export const createProcessTable = (files: ProcFiles, scale: TreeScale = linuxScale()): ProcessTable => {
  const entries = new Map<RunId, Entry>();
  const scan = createProcessScan(files);
  let scannedAtMs = Number.NEGATIVE_INFINITY;

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
      scan.forgetStrangers();
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
      if (mustScan || (dueEntries.length > 0 && monoMs - scannedAtMs >= zombieSweepEveryMs)) {
        scan.scan([...entries.values()], monoMs);
        scannedAtMs = monoMs;
      }
      return new Map(dueEntries.map((entry) => [entry.runId, entry.tree.pass(listedFor(entry), monoMs)]));
    },
    endedCommands: (runId) => entries.get(runId)?.tree.endedCommands() ?? [],
    close: () => files.close(),
  };
};
