import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isAlive, readBootId } from '#action/process-identity';
import { isUlid } from '#protocol/ids';
import type { AdoptionOutcome } from '#protocol/run-facts';
import type { RunSpec } from '#protocol/run-spec';
import { type PidFile, readExitFile, readPidFile } from './run-files.ts';
import { readSpecFile } from './run-spec-file.ts';

/** A run that an earlier daemon left unsettled, and what came of it. */
export interface FoundRun {
  readonly runDir: string;
  readonly spec: RunSpec;
  readonly pidFile: PidFile | null;
  readonly outcome: AdoptionOutcome;
  readonly detail: string;
}

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
      if (spec.kind === 'read') return [look(runDir, spec.value)];
      onDamage(runDir, spec.kind === 'missing' ? 'it has no spec.json' : spec.why);
      return [];
    });
};

const look = (runDir: string, spec: RunSpec): FoundRun => {
  const read = readPidFile(runDir);
  const pidFile = read.kind === 'read' ? read.value : null;
  return { runDir, spec, pidFile, ...judge(runDir, pidFile) };
};

const judge = (runDir: string, pidFile: PidFile | null): { outcome: AdoptionOutcome; detail: string } => {
  const exit = readExitFile(runDir);
  if (exit.kind === 'read') return { outcome: 'exited', detail: `it ended with code ${exit.value.code} meanwhile` };
  if (pidFile === null) return { outcome: 'never_started', detail: 'no process of it was ever seen' };
  if (pidFile.identity.bootId !== readBootId())
    return { outcome: 'lost_reboot', detail: 'the machine was started anew since' };
  if (isAlive(pidFile.identity)) return { outcome: 'adopted', detail: `process ${pidFile.identity.pid} is alive` };
  if (isAlive(pidFile.shim)) return { outcome: 'exited', detail: 'its end is just being written down' };
  return { outcome: 'exit_unknown', detail: 'its process is gone and nobody wrote down how it ended' };
};
