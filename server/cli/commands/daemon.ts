import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectDaemon, DaemonAway } from '#cli/daemon-client';
import { ensureDaemon, isUp } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { readVersion } from '#cli/version';
import { type Paths, resolvePaths } from '#config/paths';
import type { DaemonStatus } from '#protocol/control';
import { troubleWords } from '#protocol/ledger-trouble';

interface DaemonOptions {
  readonly json: boolean;
}

/** `flowforge daemon start`: finds it or starts it. */
export const daemonStart = async (options: DaemonOptions): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  tell(await client.status(), options);
  return 0;
};

/** `flowforge daemon status`: never starts one. Exit code 3 where none runs, as init scripts have it. */
export const daemonStatus = async (options: DaemonOptions): Promise<number> => {
  const paths = resolvePaths(process.env);
  const status = await statusOrNone(paths);
  tell(status, options);
  return status.running ? 0 : 3;
};

/** `flowforge daemon stop [--jobs]`: jobs go on unless told otherwise, and what goes on unguarded is said. */
export const daemonStop = async ({ jobs, json }: DaemonOptions & { readonly jobs: boolean }): Promise<number> => {
  const paths = resolvePaths(process.env);
  const client = connectDaemon(paths.socketPath);
  if (!(await isUp(client))) {
    if (json) printJson({ stopped: false, runsLeft: 0 });
    else print('no daemon runs here\n');
    return 0;
  }
  const { pid } = await client.status();
  const { runsLeft } = await client.stopDaemon({ stopJobs: jobs });
  await awaitGone(paths, pid);
  if (json) printJson({ stopped: true, runsLeft });
  else print(`the daemon has stopped; ${leftWords(runsLeft)}\n`);
  return 0;
};

const leftWords = (runsLeft: number): string =>
  runsLeft === 0
    ? 'no job is left running'
    : `${runsLeft} ${runsLeft === 1 ? 'job goes' : 'jobs go'} on UNGUARDED until the next flowforge command starts it again (stop them with --jobs)`;

const goneWithinMs = 20_000;

/** Gone is a process that has ended, not a socket that is silent: until then it may still write to its home. */
const awaitGone = async ({ socketPath }: Paths, pid: number | null): Promise<void> => {
  const startedMs = performance.now();
  while ((await isUp(connectDaemon(socketPath))) || (pid !== null && isThere(pid))) {
    if (performance.now() - startedMs > goneWithinMs)
      throw new CliProblem('the daemon was asked to stop and still answers', { hint: 'flowforge daemon logs' });
    await sleep(50);
  }
};

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ended
  }
};

/** `flowforge daemon restart`: jobs live on and are adopted by the new one. */
export const daemonRestart = async (options: DaemonOptions): Promise<number> => {
  const paths = resolvePaths(process.env);
  const client = connectDaemon(paths.socketPath);
  if (await isUp(client)) {
    const { pid } = await client.status();
    await client.stopDaemon({ stopJobs: false });
    await awaitGone(paths, pid);
  }
  return daemonStart(options);
};

/** `flowforge daemon logs [-n LINES]`: the end of the daemon's own log. */
export const daemonLogs = async ({ lines }: { readonly lines: number }): Promise<number> => {
  const { daemonLog } = resolvePaths(process.env);
  if (!existsSync(daemonLog))
    throw new CliProblem(`there is no log at ${daemonLog}`, { hint: 'flowforge daemon start' });
  const all = readFileSync(daemonLog, 'utf8').trimEnd().split('\n');
  for (const line of all.slice(-lines)) print(`${escapeControls(line)}\n`);
  return 0;
};

const statusOrNone = async (paths: Paths): Promise<DaemonStatus> => {
  try {
    return await connectDaemon(paths.socketPath).status();
  } catch (error) {
    if (!(error instanceof DaemonAway)) throw error;
    return { running: false, pid: null, port: null, home: paths.home, version: readVersion(paths.packageRoot) };
  }
};

const tell = (status: DaemonStatus, { json }: DaemonOptions): void => {
  if (json) {
    printJson(status);
    return;
  }
  const { running, pid, port, home, version, containment, workers = [], trouble } = status;
  if (!running) {
    print(`no daemon runs for ${home}; flowforge daemon start starts one\n`);
    return;
  }
  const where = port === null ? 'its socket only' : `http://127.0.0.1:${port}`;
  print(
    `daemon ${version} runs as process ${pid}, on ${where}, home ${home}, containment ${containment ?? 'unknown'}\n`,
  );
  if (trouble) print(`  TROUBLE: ${escapeControls(troubleWords(trouble, home))}\n`);
  for (const worker of workers)
    print(
      `  ${worker.worker.padEnd(10)} ${worker.state}, generation ${worker.generation}${worker.lastDeath === null ? '' : `, last death: ${escapeControls(worker.lastDeath)}`}\n`,
    );
};
