import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { resolvePaths } from '#config/paths';
import type { DaemonStatus } from '#protocol/control';
import type { IncidentView, RunRow } from '#protocol/views';
import { differencesIn } from './replay-home.ts';
import { removeCgroups } from './run-cgroups.ts';

const { packageRoot } = resolvePaths({});
/** The command line without the launcher: what it would install and build is there already. */
const cliIn = (root: string): readonly string[] => [
  '-e',
  `import(${JSON.stringify(pathToFileURL(path.join(root, 'dist', 'server', 'cli', 'main.js')).href)}).then(({ main }) => main(process.argv))`,
  'flowforge',
];

/** Without the settings file of this checkout, which no other user may read. */
const copyProgram = (target: string): string => {
  for (const part of ['package.json', 'dist', 'policies', 'server/coordinator'])
    cpSync(path.join(packageRoot, part), path.join(target, part), { recursive: true });
  symlinkSync(path.join(packageRoot, 'node_modules'), path.join(target, 'node_modules'));
  chmodSync(target, 0o755);
  return target;
};
export const script = (name: string): string => path.join(packageRoot, 'fixtures', 'scripts', name);
export const apiKey = 'spec-key-0123456789abcdef0123456789';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

export interface Circumstances {
  /** Written to its stdin, which then ends; null leaves it open. */
  readonly input?: Buffer | string | null;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One FlowForge of its own: home, socket, port and key. Real processes throughout; `end` leaves none, and makes every decision again. */
export interface Forge {
  readonly home: string;
  run(...args: string[]): Promise<Finished>;
  start(...args: string[]): Started;
  /** With an input of its own, another directory or other settings. */
  startWith(how: Circumstances, ...args: string[]): Started;
  runWith(how: Circumstances, ...args: string[]): Promise<Finished>;
  json<T>(...args: string[]): Promise<T>;
  ps(): Promise<RunRow[]>;
  inspect(ref: string): Promise<RunRow>;
  incidents(): Promise<IncidentView[]>;
  status(): Promise<DaemonStatus>;
  /** Asks the gateway with the key. */
  get(route: string): Promise<Response>;
  /** Asks over the unix socket, as the same user. */
  post(route: string, body: unknown): Promise<{ readonly status: number; readonly text: string }>;
  until<T>(what: string, look: () => Promise<T | null | false>, deadlineMs?: number): Promise<T>;
  end(): Promise<void>;
}

/** @param asUser the uid and gid of all that it starts; only root may ask for that. */
export const createForge = (
  extra: Readonly<Record<string, string>> = {},
  within = tmpdir(),
  asUser: number | null = null,
): Forge => {
  const home = mkdtempSync(path.join(within, 'ff-e2e-'));
  const owner = asUser === null ? {} : { uid: asUser, gid: asUser };
  if (asUser !== null) chownSync(home, asUser, asUser);
  const program = asUser === null ? packageRoot : copyProgram(mkdtempSync(path.join(within, 'ff-program-')));
  const { PYTHONUNBUFFERED: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    FLOWFORGE_HOME: home,
    FLOWFORGE_PORT: '0',
    FLOWFORGE_API_KEY: apiKey,
    FLOWFORGE_FAULTS: '1',
    NO_COLOR: '1',
    ...extra,
  };

  const startWith: Forge['startWith'] = (how, ...args) => {
    const began = performance.now();
    const child = spawn(process.execPath, [...cliIn(program), ...args], {
      ...owner,
      env: { ...env, ...how.env },
      cwd: how.cwd ?? packageRoot,
      stdio: [how.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    if (how.input !== undefined && how.input !== null) child.stdin?.end(how.input);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('latin1');
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const finished = new Promise<Finished>((resolve) => {
      child.once('close', (code) =>
        resolve({
          code,
          stdout: Buffer.from(stdout, 'latin1').toString(),
          stderr,
          tookMs: performance.now() - began,
        }),
      );
    });
    return { child, finished };
  };
  const start: Forge['start'] = (...args) => startWith({}, ...args);
  const runWith: Forge['runWith'] = (how, ...args) => startWith(how, ...args).finished;
  const run: Forge['run'] = (...args) => start(...args).finished;
  const json = async <T>(...args: string[]): Promise<T> => {
    const { stdout, stderr, code } = await run(...args);
    try {
      return JSON.parse(stdout) as T;
    } catch (cause) {
      throw new Error(
        `flowforge ${args.join(' ')} (code ${code}) printed no JSON: ${stdout.slice(0, 300)} ${stderr.slice(0, 600)}`,
        { cause },
      );
    }
  };
  const status = (): Promise<DaemonStatus> => json('daemon', 'status', '--json');
  const until: Forge['until'] = async (what, look, deadlineMs = 45_000) => {
    const endMs = performance.now() + deadlineMs;
    for (;;) {
      const seen = await look();
      if (seen !== null && seen !== false) return seen;
      if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms for ${what}${logTail(home)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  return {
    home,
    run,
    runWith,
    start,
    startWith,
    json,
    status,
    until,
    ps: () => json('ps', '--all', '--json'),
    inspect: (ref) => json('inspect', ref, '--json'),
    incidents: () => json('incidents', '--json'),
    get: async (route) => {
      const { port } = await status();
      return fetch(`http://127.0.0.1:${port}${route}`, { headers: { authorization: `Bearer ${apiKey}` } });
    },
    post: (route, body) => postOver(path.join(home, 'daemon.sock'), route, body),
    end: async () => {
      await run('daemon', 'stop', '--jobs');
      for (const pid of [...leftovers(home), ...processesOf(home)]) endProcess(pid);
      try {
        await removeCgroups(home);
        const differences = await differencesIn(home);
        if (differences.length > 0) throw new Error(`decided otherwise from the record: ${differences.join('; ')}`);
      } finally {
        rmSync(home, { recursive: true, force: true });
        if (program !== packageRoot) rmSync(program, { recursive: true, force: true });
      }
    },
  };
};

const postOver = (socketPath: string, route: string, body: unknown): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request({ socketPath, path: route, method: 'POST', headers }, (reply) => {
      let answer = '';
      reply.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text: answer }));
    });
    asked.on('error', reject);
    asked.end(text);
  });

const logTail = (home: string): string => {
  const file = path.join(home, 'daemon.log');
  return existsSync(file) ? `\n${readFileSync(file, 'utf8').split('\n').slice(-15).join('\n')}` : '';
};

const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    /* ended meanwhile */
  }
};

/** Processes that carry this home in their environment: a spec that leaves one has failed, but must not leave it. */
const leftovers = (home: string): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && environOf(pid).includes(`FLOWFORGE_HOME=${home}\0`));

const environOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    /* ended meanwhile, or not ours to read */
    return '';
  }
};

/** True while the process is there and not a zombie. */
export const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    /* no such process */
    return false;
  }
};

/** Live processes that a run of this home started: each carries the run's id in its environment. */
export const processesOf = (home: string): number[] => {
  const runs = path.join(home, 'runs');
  const ids = existsSync(runs) ? readdirSync(runs) : [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && isRunning(pid))
    .filter((pid) => {
      const environ = environOf(pid);
      return ids.some((id) => environ.includes(`FLOWFORGE_RUN_ID=${id}\0`));
    });
};

/** Live processes whose command line holds this text; give one that no other spec uses. */
export const processesWith = (text: string): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && isRunning(pid) && commandOf(pid).includes(text));

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    /* ended meanwhile */
    return '';
  }
};
