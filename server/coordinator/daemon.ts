import { createServer } from 'node:net';
import path from 'node:path';
import { handleFor, openBoundary } from '#action/containment/boundary';
import { isLiving } from '#action/containment/membership';
import { probeContainment } from '#action/containment/probe';
import { readBootId } from '#action/process-identity';
import type { AdmissionSettings } from '#config/admission-settings';
import { makePrivateDirectory } from '#config/make-directory';
import type { LogKeeping } from '#protocol/log-keeping';
import { systemClock } from '#runtime/clock';
import { type Coordinator, createCoordinator } from './coordinator.ts';
import type { Failpoint } from './failpoint.ts';
import { takeLease } from './lease.ts';

/** Exit codes that tell the keeper not to try again. */
export const exitCodes = { asked: 0, alreadyGuarded: 75, unusable: 78, cannotGuard: 70 } as const;

const killDeadlineMs = 2_000;

export interface DaemonSettings {
  readonly home: string;
  readonly journalDir: string;
  readonly runsDir: string;
  readonly packageRoot: string;
  readonly socketPath: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly apiKey: string;
  readonly allowedOrigins: readonly string[];
  readonly version: string;
  readonly after: 'asked' | 'crash' | 'first';
  readonly faultsAllowed: boolean;
  readonly mostActedOn: number;
  readonly logs: LogKeeping;
  /** Runs at once; 0 is without limit. */
  readonly admission: AdmissionSettings;
  readonly failpoint: Failpoint | null;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

export type DaemonStart =
  | { readonly kind: 'guarding'; readonly coordinator: Coordinator; readonly ended: Promise<number> }
  | { readonly kind: 'refused'; readonly exitCode: number; readonly why: string };

/** Takes the home, adopts what is in it, and guards until it is asked to end or cannot go on. */
export const startDaemon = async (settings: DaemonSettings): Promise<DaemonStart> => {
  process.umask(0o077);
  const unusable = (why: string): DaemonStart => ({ kind: 'refused', exitCode: exitCodes.unusable, why });
  try {
    for (const dir of [settings.home, settings.runsDir, path.dirname(settings.socketPath)]) makePrivateDirectory(dir);
  } catch (cause) {
    return unusable(
      `the home ${settings.home} cannot be written to (${messageOf(cause)}); set FLOWFORGE_HOME to a directory of yours`,
    );
  }
  const portTrouble = settings.port === 0 ? null : await tryPort(settings.host, settings.port);
  const lease = tryLease(settings.home);
  if (lease.kind === 'failed') return unusable(lease.why);
  if (lease.kind === 'taken') {
    const why = `another daemon (process ${lease.holder.pid}) guards ${settings.home}; one home has one daemon: use \`flowforge daemon status\`, or another FLOWFORGE_HOME`;
    return { kind: 'refused', exitCode: exitCodes.alreadyGuarded, why };
  }
  if (portTrouble !== null) {
    lease.release();
    return unusable(
      `${settings.host}:${settings.port} ${portTrouble}; free it, or set FLOWFORGE_PORT to another port (0 takes any free one)`,
    );
  }
  return guard(settings, lease);
};

const guard = async (
  settings: DaemonSettings,
  lease: { readonly after: 'first' | 'asked' | 'crash'; release(): void },
): Promise<DaemonStart> => {
  const { home, socketPath, host, port, apiKey, allowedOrigins, version, log } = settings;
  const probe = await probeContainment();
  log('info', `containment: ${probe.level} (${probe.why})`);
  let end = (_code: number): void => undefined;
  const asked = new Promise<number>((resolve) => {
    end = resolve;
  });
  const coordinator = createCoordinator({
    clock: systemClock,
    home,
    journalDir: settings.journalDir,
    runsDir: settings.runsDir,
    policiesDir: path.join(settings.packageRoot, 'policies'),
    gateway: {
      version,
      apiKey,
      host,
      port,
      socketPath,
      clientDir: path.join(settings.packageRoot, 'dist', 'client'),
      allowedOrigins,
      pid: process.pid,
      startedAtMs: Date.now(),
      containment: probe.level,
      logs: settings.logs,
    },
    after: settings.after === 'crash' ? 'crash' : lease.after,
    bootId: readBootId(),
    faultsAllowed: settings.faultsAllowed,
    mostActedOn: settings.mostActedOn,
    admission: settings.admission,
    failpoint: settings.failpoint,
    handleFor,
    openTree: (handle, identity) => {
      const boundary = openBoundary(handle, identity);
      return {
        count: async () => (await boundary.members()).filter(isLiving).length,
        kill: () => boundary.kill(killDeadlineMs),
      };
    },
    log,
    onEnd: end,
  });
  await coordinator.start();
  const ended = asked.then(async (code) => {
    await coordinator.stop();
    lease.release();
    return code;
  });
  return { kind: 'guarding', coordinator, ended };
};

const tryLease = (home: string): ReturnType<typeof takeLease> | { kind: 'failed'; why: string } => {
  try {
    return takeLease(home);
  } catch (cause) {
    return { kind: 'failed', why: `the home ${home} cannot be used: ${messageOf(cause)}` };
  }
};

/** Why the port cannot be had; null when it can. Told before anything starts, not from inside a worker. */
const tryPort = (host: string, port: number): Promise<string | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be listened on (${error.message})`,
      );
    });
    server.listen(port, host, () => server.close(() => resolve(null)));
  });

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
