import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateDirectory } from '#config/make-directory';
import type { Paths } from '#config/paths';
import { connectDaemon, DaemonAway, type DaemonClient } from './daemon-client.ts';
import { openLogSince } from './daemon-log.ts';
import { CliProblem, ownFailureExitCode } from './problem.ts';
import { type StartLock, takeStartLock } from './start-lock.ts';

/** On a machine that is busy a daemon may take this long; one that cannot start says so at once. */
const answerWithinMs = 90_000;
const askEveryMs = 50;
const tryAgainMs = 500;
/** The exit code of a daemon that found another one in its home. */
const homeTaken = 75;
const sayAfterMs = 2_000;
/** The keeper tries again after each; a daemon that dies three times young will not come up by itself. */
const mostDeaths = 3;

/** The daemon of this home, started where none runs. @throws CliProblem with the end of its log when it does not come up. */
export const ensureDaemon = async (paths: Paths, { quiet = false } = {}): Promise<DaemonClient> => {
  const client = connectDaemon(paths.socketPath);
  if (await isUp(client)) return client;
  await startDaemon(paths, { client, quiet });
  return client;
};

export const isUp = async (client: DaemonClient): Promise<boolean> => {
  try {
    await client.status();
    return true;
  } catch (error) {
    if (error instanceof DaemonAway) return false;
    throw error;
  }
};

/** For a daemon that starts inside this process. */
export const awaitUp = async (client: DaemonClient, trouble: () => string | null): Promise<void> => {
  const startedMs = performance.now();
  while (!(await isUp(client))) {
    if (performance.now() - startedMs > answerWithinMs)
      throw new CliProblem(`the gateway did not come up: ${trouble() ?? 'nothing was said about why'}`, {
        hint: 'flowforge doctor',
        exitCode: ownFailureExitCode,
      });
    await sleep(askEveryMs);
  }
};

interface Starting {
  readonly client: DaemonClient;
  readonly quiet: boolean;
}

/** Of several commands that need a daemon at once, one starts it; when that one goes, the next takes over. */
const startDaemon = async (paths: Paths, { client, quiet }: Starting): Promise<void> => {
  makeHome(paths);
  const startedMs = performance.now();
  const log = openLogSince(paths.daemonLog);
  let hasSaid = quiet;
  let lock: StartLock | null = null;
  let keeper: Keeper | null = null;
  try {
    while (performance.now() - startedMs < answerWithinMs) {
      if (await isUp(client)) return;
      lock ??= tryStartLock(paths);
      // The one who held the lock until now may have been successful just before it let go.
      if (lock !== null && keeper === null && !(await isUp(client))) keeper = spawnKeeper(paths);
      const code = keeper?.ended() ?? null;
      if ((code !== null && code !== homeTaken) || log.deaths() >= mostDeaths) break;
      if (code === homeTaken) {
        // That daemon comes up in a moment, or it is on its way out and ours is wanted after all.
        await sleep(tryAgainMs);
        keeper = null;
      }
      if (process.stderr.isTTY && !hasSaid && performance.now() - startedMs > sayAfterMs) {
        hasSaid = true;
        process.stderr.write('flowforge: starting the daemon …\n');
      }
      await sleep(askEveryMs);
    }
  } finally {
    lock?.release();
  }
  throw new CliProblem(`the daemon does not answer on ${paths.socketPath}${log.end()}`, {
    hint: `mend what the log names, or set FLOWFORGE_HOME or FLOWFORGE_PORT; the whole log: ${paths.daemonLog}`,
    exitCode: ownFailureExitCode,
  });
};

const tryStartLock = ({ home }: Paths): StartLock | null => {
  try {
    return takeStartLock(home);
  } catch (cause) {
    throw unusableHome(`the home ${home} cannot be written to`, cause);
  }
};

const unusableHome = (what: string, cause: unknown): CliProblem =>
  new CliProblem(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    hint: 'set FLOWFORGE_HOME to a directory of yours',
    exitCode: ownFailureExitCode,
    cause,
  });

const makeHome = ({ home }: Paths): void => {
  try {
    makePrivateDirectory(home);
  } catch (cause) {
    throw unusableHome(`the home ${home} cannot be made`, cause);
  }
};

interface Keeper {
  /** Its exit code; null while it runs. */
  ended(): number | null;
}

/** The keeper is in a session of its own: the terminal that it was started from may go. */
const spawnKeeper = (paths: Paths): Keeper => {
  const script = path.join(paths.packageRoot, 'server', 'coordinator', 'keeper.sh');
  const entry = path.join(paths.packageRoot, 'dist', 'server', 'coordinator', 'main.js');
  const env = { ...process.env, FLOWFORGE_HOME: paths.home, FLOWFORGE_PORT: String(paths.port) };
  const keeper = spawn('sh', [script, process.execPath, entry, paths.daemonLog], {
    cwd: paths.home,
    env,
    detached: true,
    stdio: 'ignore',
  });
  let code: number | null = null;
  keeper.on('exit', (exitCode) => {
    code = exitCode ?? 1;
  });
  keeper.on('error', () => {
    code = 1;
  });
  keeper.unref();
  return { ended: () => code };
};
