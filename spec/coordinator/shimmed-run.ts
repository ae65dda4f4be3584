import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ulid } from 'ulid';
import { handleFor, openBoundary } from '#action/containment/boundary';
import type { Boundary } from '#action/containment/membership';
import { newTag } from '#action/containment/run-mark';
import { type ExitFile, type PidFile, readExitFile, readPidFile, shimCommand } from '#coordinator/run-files';
import type { ContainmentHandle, ContainmentLevel } from '#protocol/run-spec';
import { levels } from '../action/levels.ts';

/** A real job under the real shim, with a boundary around it. `end` leaves nothing behind. */
export interface ShimmedRun {
  readonly runDir: string;
  readonly shim: ChildProcess;
  readonly pidFile: PidFile;
  readonly handle: ContainmentHandle;
  readonly boundary: Boundary;
  readonly stdout: () => string;
  readonly exit: () => Promise<ExitFile>;
  readonly end: () => Promise<void>;
}

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../fixtures/scripts/${name}`, import.meta.url));

export const startRun = async (
  argv: readonly string[],
  options: {
    readonly level: ContainmentLevel;
    readonly stdin?: 'null' | 'fifo';
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<ShimmedRun> => {
  const home = mkdtempSync(join(tmpdir(), 'flowforge-'));
  const runId = ulid();
  const runDir = join(home, runId);
  mkdirSync(runDir);
  const tag = newTag();
  const handle = handleFor(options.level, { runId, tag });
  const cgroupDir = handle.level === 'cgroup2' ? handle.cgroupDir : null;
  const env = { ...options.env };
  const { file, args } = shimCommand({ runDir, cgroupDir, tag, stdin: options.stdin ?? 'null', argv, env });
  const shim = spawn(file, args, { detached: true, stdio: 'ignore', env: { ...process.env, ...env } });
  const pidFile = await eventually('the pid file', () => {
    const parsed = readPidFile(runDir);
    return parsed.kind === 'read' ? parsed.value : null;
  });
  const boundary = openBoundary(handle, pidFile.identity);
  const exit = (): Promise<ExitFile> =>
    eventually('the exit file', () => {
      const parsed = readExitFile(runDir);
      return parsed.kind === 'read' ? parsed.value : null;
    });
  const end = async (): Promise<void> => {
    await boundary.kill(3_000);
    await eventually('the shim to end', () => (shim.exitCode !== null || shim.signalCode !== null ? true : null));
    await boundary.release();
    rmSync(home, { recursive: true, force: true });
  };
  return {
    runDir,
    shim,
    pidFile,
    handle,
    boundary,
    stdout: () => readFileSync(join(runDir, 'stdout.log'), 'utf8'),
    exit,
    end,
  };
};

/** Looks every few milliseconds until there is something to see. A machine that stood still meanwhile is no wait. */
export const eventually = async <T>(what: string, look: () => T | null, deadlineMs = 15_000): Promise<T> => {
  let waitedMs = 0;
  for (let lookedMs = performance.now(); ; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const seen = look();
    if (seen !== null) return seen;
    const nowMs = performance.now();
    waitedMs += Math.min(nowMs - lookedMs, mostOfOneLookMs);
    lookedMs = nowMs;
    if (waitedMs > deadlineMs) throw new Error(`waited ${deadlineMs} ms for ${what}`);
  }
};

const mostOfOneLookMs = 1_000;

export const untilPrinted = (run: ShimmedRun, text: string): Promise<true> =>
  eventually(`"${text}"`, () =>
    existsSync(join(run.runDir, 'stdout.log')) && run.stdout().includes(text) ? true : null,
  );

export type StartRun = (argv: readonly string[], untilItPrints: string) => Promise<ShimmedRun>;

/** Tells the same story at every level of containment this machine can try; runs are ended after each spec. */
export const inLevels = (title: string, tell: (level: ContainmentLevel, start: StartRun) => void): void => {
  for (const level of levels) {
    describe(`${title} (${level})`, () => {
      let runs: readonly ShimmedRun[] = [];
      afterEach(async () => {
        await Promise.all(runs.map((run) => run.end()));
        runs = [];
      });
      tell(level, async (argv, untilItPrints) => {
        const run = await startRun(argv, { level });
        runs = [...runs, run];
        await untilPrinted(run, untilItPrints);
        return run;
      });
    });
  }
};
