import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Paths } from '#config/paths';
import { connectDaemon, DaemonAway, type DaemonClient } from './daemon-client.ts';
import { CliProblem, ownFailureExitCode } from './problem.ts';
import { escapeControls } from './render/escape.ts';

const answerWithinMs = 15_000;
const askEveryMs = 50;
const sayAfterMs = 2_000;

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
export const awaitUp = async (client: DaemonClient): Promise<void> => {
  const startedMs = performance.now();
  while (!(await isUp(client))) {
    if (performance.now() - startedMs > answerWithinMs)
      throw new CliProblem('the gateway did not come up', { exitCode: ownFailureExitCode });
    await sleep(askEveryMs);
  }
};

const startDaemon = async (
  paths: Paths,
  { client, quiet }: { client: DaemonClient; quiet: boolean },
): Promise<void> => {
  makeHome(paths);
  const keeper = spawnKeeper(paths);
  const startedMs = performance.now();
  let hasSaid = quiet;
  while (performance.now() - startedMs < answerWithinMs) {
    if (await isUp(client)) return;
    // 75: another daemon took the home first. It is the one to talk to.
    if (keeper.ended() !== null && keeper.ended() !== 75) break;
    if (!hasSaid && performance.now() - startedMs > sayAfterMs) {
      hasSaid = true;
      process.stderr.write('flowforge: starting the daemon …\n');
    }
    await sleep(askEveryMs);
  }
  throw new CliProblem(`the daemon does not answer on ${paths.socketPath}${tailOf(paths.daemonLog)}`, {
    hint: `mend what the log names, or set FLOWFORGE_HOME or FLOWFORGE_PORT; the whole log: ${paths.daemonLog}`,
    exitCode: ownFailureExitCode,
  });
};

const makeHome = ({ home }: Paths): void => {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliProblem(`the home ${home} cannot be made: ${why}`, {
      hint: 'set FLOWFORGE_HOME to a directory of yours',
      exitCode: ownFailureExitCode,
      cause,
    });
  }
};

/** The keeper is in a session of its own: the terminal that it was started from may go. */
const spawnKeeper = (paths: Paths): { ended(): number | null } => {
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

const tailOf = (file: string): string => {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8);
    return `. Its log ends with:\n${lines.map((line) => `  ${escapeControls(messageIn(line)).slice(0, 400)}`).join('\n')}`;
  } catch {
    return ' and left no log'; // it died before its first word
  }
};

/** The message of a JSON line, or the line. */
const messageIn = (line: string): string => {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'msg' in entry ? String(entry.msg) : line;
  } catch {
    return line; // a stack trace of Node itself
  }
};
