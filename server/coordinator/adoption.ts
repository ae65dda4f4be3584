import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { isAlive, readBootId } from '#action/process-identity';
import { isUlid } from '#protocol/ids';
import type { AdoptionOutcome } from '#protocol/run-facts';
import type { ContainmentHandle, RunSpec } from '#protocol/run-spec';
import { countLeftBehind } from './left-behind.ts';
import {
  forbidStart,
  isQueued,
  type PidFile,
  readExecFailedFile,
  readExitFile,
  readPidFile,
  runPaths,
} from './run-files.ts';
import { readSpecFile } from './run-spec-file.ts';

/** A run that an earlier daemon left unsettled, and what came of it. */
export interface FoundRun {
  readonly runDir: string;
  readonly spec: RunSpec;
  readonly pidFile: PidFile | null;
  readonly outcome: AdoptionOutcome;
  readonly detail: string;
}

/** A shim that has not written the pid file after this long never will. */
const startsWithinMs = 10_000;

/** Lies in a run directory once its run is settled: later daemons pass it by. */
export const settledMark = 'settled';

/** Looks at every run directory that is not settled. Damaged ones are reported, never touched. */
export const findUnsettledRuns = (
  runsDir: string,
  onDamage: (runDir: string, why: string) => void,
): readonly FoundRun[] => {
  if (!existsSync(runsDir)) return [];
  return readdirSync(runsDir)
    .filter((name) => isUlid(name) && !existsSync(path.join(runsDir, name, settledMark)))
    .sort()
    .flatMap((name): FoundRun[] => {
      const runDir = path.join(runsDir, name);
      const spec = readSpecFile(runDir);
      if (spec.kind === 'read') return [{ runDir, spec: spec.value, ...lookAtRun(runDir, spec.value.handle) }];
      // Made in the moment before the daemon died: nobody was told of it, and nothing of it ran.
      if (spec.kind === 'missing' && readdirSync(runDir).every((file) => file === 'spec.json.tmp')) {
        rmSync(runDir, { recursive: true });
        return [];
      }
      onDamage(runDir, spec.kind === 'missing' ? 'it has no spec.json' : spec.why);
      return [];
    });
};

/** What the files of a run directory say now. */
export const lookAtRun = (runDir: string, handle: ContainmentHandle): Omit<FoundRun, 'runDir' | 'spec'> => {
  const read = readPidFile(runDir);
  const pidFile = read.kind === 'read' ? read.value : null;
  return { pidFile, ...judge(runDir, { pidFile, handle }) };
};

const judge = (
  runDir: string,
  { pidFile, handle }: { readonly pidFile: PidFile | null; readonly handle: ContainmentHandle },
): { outcome: AdoptionOutcome; detail: string } => {
  const exit = readExitFile(runDir);
  if (exit.kind === 'read') return { outcome: 'exited', detail: `it ended with code ${exit.value.code} meanwhile` };
  if (pidFile === null) return judgeUnseen(runDir);
  if (pidFile.identity.bootId !== readBootId())
    return { outcome: 'lost_reboot', detail: 'the machine was started anew since' };
  if (isAlive(pidFile.identity)) return { outcome: 'adopted', detail: `process ${pidFile.identity.pid} is alive` };
  if (isAlive(pidFile.shim)) return { outcome: 'exited', detail: 'its end is just being written down' };
  const left = countLeftBehind(handle, pidFile.identity);
  const unknown = 'its process is gone and nobody wrote down how it ended';
  return left === 0
    ? { outcome: 'exit_unknown', detail: unknown }
    : { outcome: 'orphans_left', detail: `${unknown}; ${left} of its tree ${left === 1 ? 'lives' : 'live'} on` };
};

/** Without a pid file: either no shim will ever start it, or one is about to write that file. */
const judgeUnseen = (runDir: string): { outcome: AdoptionOutcome; detail: string } => {
  if (isQueued(runDir)) return { outcome: 'never_started', detail: 'it waits for its turn' };
  if (readExecFailedFile(runDir).kind === 'read') return { outcome: 'exited', detail: 'its command could not be run' };
  if (forbidStart(runDir)) return { outcome: 'never_started', detail: 'no process of it was ever started' };
  const claimedMsAgo = Date.now() - statSync(runPaths(runDir).claimed).mtimeMs;
  return claimedMsAgo < startsWithinMs
    ? { outcome: 'adopted', detail: 'its shim is just starting it' }
    : { outcome: 'exit_unknown', detail: 'its shim began and left no trace of a process' };
};
