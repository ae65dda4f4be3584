import { closeSync, constants, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf } from '#action/process-identity';
import type { ProcessIdentity } from '#protocol/run-spec';

/** The files of one run directory. Each exists once somebody had a reason to write it. */
export interface RunPaths {
  readonly spec: string;
  readonly pid: string;
  readonly exit: string;
  readonly execFailed: string;
  /** There from the wish for the run until its turn comes. */
  readonly queued: string;
  /** Made once, by the shim that starts the job or by a daemon that forbids a late shim to. */
  readonly claimed: string;
  readonly stdin: string;
  readonly stdinClose: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly index: string;
  readonly policy: string;
  readonly nudges: string;
}

/** What was read from a file that a crash, a full disk or a job of the same user may have left in any condition. */
export type Parsed<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly why: string };

/** A hint, not a proof: nothing is signalled before containment confirms that the process belongs to the run. */
export interface PidFile {
  readonly identity: ProcessIdentity;
  readonly shim: ProcessIdentity;
  /** False where the job could not enter its cgroup: the next level of containment finds it by its tag. */
  readonly inCgroup: boolean;
}

/** `code` as a shell tells it: 128+n stands for signal n. */
export interface ExitFile {
  readonly code: number;
  readonly endedAtMs: number;
}

export interface ExecFailedFile {
  readonly exitCode: 125 | 126 | 127;
  readonly reason: string;
}

export const runPaths = (runDir: string): RunPaths => ({
  spec: join(runDir, 'spec.json'),
  pid: join(runDir, 'pid'),
  exit: join(runDir, 'exit'),
  execFailed: join(runDir, 'exec-failed'),
  queued: join(runDir, 'queued'),
  claimed: join(runDir, 'claimed'),
  stdin: join(runDir, 'stdin'),
  stdinClose: join(runDir, 'stdin.close'),
  stdout: join(runDir, 'stdout.log'),
  stderr: join(runDir, 'stderr.log'),
  index: join(runDir, 'index'),
  policy: join(runDir, 'policy'),
  nudges: join(runDir, 'nudges'),
});

/** The shim lies beside the source; the compiler copies no shell script into dist. */
export const shimPath = (): string => {
  const beside = fileURLToPath(new URL('./shim.sh', import.meta.url));
  return statSync(beside, { throwIfNoEntry: false }) === undefined
    ? fileURLToPath(new URL('../../../server/coordinator/shim.sh', import.meta.url))
    : beside;
};

export interface ShimRequest {
  readonly runDir: string;
  readonly cgroupDir: string | null;
  readonly tag: number;
  readonly stdin: 'null' | 'fifo';
  readonly argv: readonly string[];
  /** The environment the shim will be spawned with, where it may hold names that a shell drops. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What to spawn (detached, stdio ignored, with the job's cwd and environment) to start the job. */
export const shimCommand = (request: ShimRequest): { readonly file: string; readonly args: readonly string[] } => ({
  file: '/bin/sh',
  args: [
    shimPath(),
    ...[request.runDir, request.cgroupDir ?? '-', String(request.tag), request.stdin],
    ...dropped(request.env ?? {}),
    ...request.argv,
  ],
});

/** A shell hands on only names that could be its own variables; env puts the others back (exported functions, dots). */
const dropped = (env: Readonly<Record<string, string>>): readonly string[] => {
  const odd = Object.entries(env).filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  return odd.length === 0 ? [] : ['env', '--', ...odd.map(([name, value]) => `${name}=${value}`)];
};

/** Tells the shim to let the job's input end. False when it is closed already; asking twice is harmless. */
export const closeStdin = (runDir: string): boolean => {
  try {
    closeSync(openSync(runPaths(runDir).stdinClose, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false; // nobody waits at the other end (ENXIO) or the pipe is gone with its run (ENOENT): closed
  }
};

/** True while the run waits for its turn: no shim was started for it. */
export const isQueued = (runDir: string): boolean => existsSync(runPaths(runDir).queued);

/** True when no shim has begun to start the job; from now on none will. */
export const forbidStart = (runDir: string): boolean => {
  try {
    closeSync(openSync(runPaths(runDir).claimed, 'wx', 0o600));
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
};

export const readPidFile = (runDir: string): Parsed<PidFile> => readWith(runPaths(runDir).pid, parsePidFile);
/** One that is still empty is about to be written, or found no room. */
export const readExitFile = (runDir: string): Parsed<ExitFile> => {
  const { exit } = runPaths(runDir);
  return readWith(exit, (text) => (text === '' ? { kind: 'missing' } : parseExitFile(text, timeOf(exit))));
};
export const readExecFailedFile = (runDir: string): Parsed<ExecFailedFile> =>
  readWith(runPaths(runDir).execFailed, parseExecFailedFile);

export const parsePidFile = (text: string): Parsed<PidFile> => {
  const record = parseRecord(text);
  if (record === null) return damaged('pid', 'a JSON object', text);
  const { pid, startTicks, bootId, shimPid, shimStartTicks, inCgroup } = record;
  if (!isPid(pid) || !isCount(startTicks)) return damaged('pid', 'pid > 1 and startTicks', text);
  if (!isPid(shimPid) || !isCount(shimStartTicks)) return damaged('pid', 'shimPid > 1 and shimStartTicks', text);
  if (typeof bootId !== 'string' || !/^[0-9a-f-]{36}$/.test(bootId)) return damaged('pid', 'a bootId', text);
  return {
    kind: 'read',
    value: {
      identity: { bootId, pid, startTicks },
      shim: { bootId, pid: shimPid, startTicks: shimStartTicks },
      inCgroup: inCgroup === true,
    },
  };
};

/** @param writtenAtMs the end, where the file does not tell its own: the disk was full, and it was written later. */
export const parseExitFile = (text: string, writtenAtMs: number): Parsed<ExitFile> => {
  const { code, endedAtMs = writtenAtMs } = parseRecord(text) ?? {};
  if (!isCount(code) || code > 255 || !isCount(endedAtMs)) return damaged('exit', 'code 0-255', text);
  return { kind: 'read', value: { code, endedAtMs } };
};

const timeOf = (file: string): number => Math.floor(statSync(file).mtimeMs);

export const parseExecFailedFile = (text: string): Parsed<ExecFailedFile> => {
  const [first = '', ...rest] = text.trimEnd().split('\n');
  const exitCode = [125, 126, 127] as const;
  const code = exitCode.find((known) => String(known) === first.trim());
  if (code === undefined) return damaged('exec-failed', '125, 126 or 127 in its first line', text);
  return {
    kind: 'read',
    value: { exitCode: code, reason: rest.join(' ').trim() || 'the command could not be started' },
  };
};

/** Reads a file of a run directory, whatever became of it. */
export const readWith = <T>(path: string, parse: (text: string) => Parsed<T>): Parsed<T> => {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return { kind: 'missing' };
    return { kind: 'damaged', why: `${path} cannot be read: ${codeOf(cause) || String(cause)}` };
  }
};

const parseRecord = (text: string): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null; // half-written or forged: the caller says what it expected
  }
};

const damaged = (file: string, expected: string, text: string): { kind: 'damaged'; why: string } => ({
  kind: 'damaged',
  why: `${file}: expected ${expected}, got ${JSON.stringify(text.slice(0, 120))}`,
});

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
// 0 and 1 are no jobs: signalling 0 reaches our own group, and 1 is init.
const isPid = (value: unknown): value is number => isCount(value) && value > 1;
