import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readAdmissionSettings } from '#config/admission-settings';
import { readGatewaySettings } from '#config/gateway-settings';
import { readLogKeeping } from '#config/log-settings';
import { resolvePaths } from '#config/paths';
import { type DaemonSettings, exitCodes, startDaemon } from './daemon.ts';
import { armFailpoint } from './failpoint.ts';
import { goFirst } from './priority.ts';

/** A daemon inside this process: for `run --no-daemon`. It ends when it is told to, and its own home goes with it. */
export interface InProcessDaemon {
  readonly home: string;
  readonly socketPath: string;
  /** The last thing that went wrong; it has no log of its own to look into. */
  trouble(): string | null;
  stop(): Promise<void>;
}

/** @param home null: a temporary one. @throws Error saying why when it cannot guard. */
export const startDaemonInProcess = async (home: string | null): Promise<InProcessDaemon> => {
  const temporary = home === null ? mkdtempSync(path.join(tmpdir(), 'flowforge-')) : null;
  let trouble: string | null = null;
  const settings = readSettings(
    { ...process.env, FLOWFORGE_HOME: home ?? temporary ?? undefined },
    (level, message) => {
      if (level !== 'info') trouble = message;
    },
  );
  const start = await startDaemon({ ...settings, port: 0 });
  if (start.kind === 'refused') throw new Error(start.why);
  let { coordinator } = start;
  let stopping = false;
  /** What the keeper does for a daemon of its own: where a whole new start is the last thing that can help, there is one. */
  const guardOn = async (ended: Promise<number>): Promise<void> => {
    const code = await ended;
    if (stopping || code === exitCodes.asked) return;
    const again = await startDaemon({ ...settings, port: 0, after: 'crash' });
    if (again.kind === 'refused') {
      trouble = `it could not guard on: ${again.why}`;
      return;
    }
    ({ coordinator } = again);
    void guardOn(again.ended);
  };
  void guardOn(start.ended);
  return {
    home: settings.home,
    socketPath: settings.socketPath,
    trouble: () => trouble,
    stop: async () => {
      stopping = true;
      await coordinator.stop();
      if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
    },
  };
};

const readSettings = (env: NodeJS.ProcessEnv, log: DaemonSettings['log']): DaemonSettings => {
  const paths = resolvePaths(env);
  const { home, packageRoot } = paths;
  const manifest = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  return {
    home,
    packageRoot,
    journalDir: paths.journalDir,
    runsDir: paths.runsDir,
    socketPath: paths.socketPath,
    ...readGatewaySettings({ env, packageRoot, home }),
    port: paths.port,
    version: manifest.version,
    after: env.FLOWFORGE_AFTER === 'crash' ? 'crash' : 'first',
    mostActedOn: mostActedOn(env.FLOWFORGE_POLICY_HOLD_ABOVE),
    logs: readLogKeeping(env),
    admission: readAdmissionSettings(env),
    faultsAllowed: env.FLOWFORGE_FAULTS === '1',
    failpoint: armFailpoint(env),
    log,
  };
};

const log: DaemonSettings['log'] = (level, msg) => {
  try {
    writeSync(1, `${JSON.stringify({ level, time: new Date().toISOString(), msg })}\n`);
  } catch {
    /* the disk is full or read-only: guarding goes on, and the timeline tells of it */
  }
};

const defaultMostActedOn = 3;
const mostActedOn = (text: string | undefined): number =>
  text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : defaultMostActedOn;

const main = async (): Promise<void> => {
  process.umask(0o077);
  goFirst();
  // What workers write to a log that takes no more must not end the daemon.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', () => undefined);
  const start = await startDaemon(readSettings(process.env, log));
  if (start.kind === 'refused') {
    // Two commands that started a daemon at once: the other one guards, and nothing is wrong.
    log(start.exitCode === exitCodes.alreadyGuarded ? 'info' : 'error', start.why);
    process.exitCode = start.exitCode;
    return;
  }
  const { coordinator } = start;
  const askToEnd = (): void => void coordinator.control.stopDaemon({ by: 'daemon', stopJobs: false });
  process.on('SIGHUP', () => coordinator.reloadPolicies('SIGHUP'));
  process.once('SIGTERM', askToEnd);
  process.once('SIGINT', askToEnd);
  const code = await start.ended;
  log(code === exitCodes.asked ? 'info' : 'error', `the daemon ends with code ${code}`);
  process.exit(code);
};

// The fourth door besides cli/main, problem-details and host: the daemon is a program of its own.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    const isSetting = error instanceof Error && error.name === 'ConfigProblem';
    if (isSetting) log('error', error.message);
    else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(isSetting ? exitCodes.unusable : exitCodes.cannotGuard);
  });
}
