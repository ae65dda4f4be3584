import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunSpec } from '#protocol/run-spec';
import { type FoundCommand, findCommand } from './command-path.ts';
import { asUsual } from './priority.ts';
import { type PidFile, readExecFailedFile, readExitFile, readPidFile, runPaths, shimCommand } from './run-files.ts';

export type Launch =
  | { readonly kind: 'started'; readonly shim: ChildProcess; readonly pidFile: PidFile }
  | { readonly kind: 'failed'; readonly exitCode: 125 | 126 | 127; readonly reason: string };

const START_DEADLINE_MS = 10_000;
const LOOK_EVERY_MS = 4;

/** Lays the run directory and its spec: from here on a new daemon finds the run, whatever happens to this one. */
export const layRunDir = (
  runDir: string,
  spec: RunSpec,
  { queued }: { readonly queued: boolean } = { queued: false },
): void => {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const { spec: file, queued: mark } = runPaths(runDir);
  if (queued) writeFileSync(mark, '', { mode: 0o600 });
  writeFileSync(`${file}.tmp`, JSON.stringify(spec), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
};

/** Starts the job through its shim and waits until its process is known, or until it is known that there will be none. */
export const launchRun = async (runDir: string, spec: RunSpec): Promise<Launch> => {
  const env = jobEnvironment(runDir, spec);
  const found = findProgram(spec);
  if (found.kind === 'refused') return { kind: 'failed', exitCode: found.exitCode, reason: found.reason };
  const { file, args } = shimCommand({
    runDir,
    cgroupDir: spec.handle.level === 'cgroup2' ? spec.handle.cgroupDir : null,
    tag: spec.handle.tag,
    stdin: spec.stdin,
    env,
    argv: spec.argv,
  });
  const shim = asUsual(() => spawn(file, args, { cwd: spec.cwd, env, detached: true, stdio: 'ignore' }));
  const spawnError = new Promise<Launch>((resolve) => {
    shim.once('error', (error) =>
      resolve({
        kind: 'failed',
        exitCode: 125,
        reason: `the shim could not be started in ${spec.cwd}: ${error.message}`,
      }),
    );
  });
  shim.unref();
  return Promise.race([spawnError, awaitStart(runDir, shim)]);
};

/** Why the command of a run could not be started once more, as things are now; null when it could. */
export const whyNotAgain = (spec: RunSpec): string | null => {
  if (!existsSync(spec.cwd)) return `its directory ${spec.cwd} is gone`;
  const found = findProgram(spec);
  return found.kind === 'refused' ? found.reason : null;
};

const findProgram = ({ argv: [command = ''], cwd, env }: RunSpec): FoundCommand =>
  findCommand(command, { cwd, searchPath: env.PATH ?? '/usr/local/bin:/usr/bin:/bin' });

const awaitStart = async (runDir: string, shim: ChildProcess): Promise<Launch> => {
  const endMs = performance.now() + START_DEADLINE_MS;
  while (performance.now() < endMs) {
    const launch = look(runDir, shim);
    if (launch !== null) return launch;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return {
    kind: 'failed',
    exitCode: 125,
    reason: `its process did not appear within ${START_DEADLINE_MS / 1000} s; see ${path.join(runDir, 'stderr.log')}`,
  };
};

const look = (runDir: string, shim: ChildProcess): Launch | null => {
  const failed = readExecFailedFile(runDir);
  if (failed.kind === 'read') return { kind: 'failed', exitCode: failed.value.exitCode, reason: failed.value.reason };
  const pidFile = readPidFile(runDir);
  if (pidFile.kind === 'read') return { kind: 'started', shim, pidFile: pidFile.value };
  const ended = shim.exitCode !== null && readExitFile(runDir).kind === 'missing';
  return ended ? { kind: 'failed', exitCode: 125, reason: 'its shim ended before the job was there' } : null;
};

/** FlowForge's own settings and keys are not the job's business; its run id is. */
const jobEnvironment = (runDir: string, spec: RunSpec): Record<string, string> => ({
  PYTHONUNBUFFERED: '1',
  ...Object.fromEntries(Object.entries(spec.env).filter(([name]) => !name.startsWith('FLOWFORGE_'))),
  FLOWFORGE_RUN_ID: spec.runId,
  FLOWFORGE_JOB_ID: spec.jobId,
  FLOWFORGE_NUDGES: runPaths(runDir).nudges,
  FLOWFORGE_UMASK: spec.umask.toString(8).padStart(4, '0'),
});
