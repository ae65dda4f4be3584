import { existsSync, statSync } from 'node:fs';
import { connectDaemon, DaemonAway } from '#cli/daemon-client';
import { print, printJson } from '#cli/output';
import { readVersion } from '#cli/version';
import { loadApiKey } from '#config/api-keys';
import { type Paths, resolvePaths, userConfigFile } from '#config/paths';
import { readConfig } from '#config/read-config';
import type { DaemonStatus } from '#protocol/control';

interface Finding {
  readonly subject: string;
  readonly state: 'good' | 'note' | 'bad';
  readonly text: string;
}

/** `flowforge doctor`: starts nothing. Exit code 1 when something keeps FlowForge from working. */
export const doctorCommand = async ({ json }: { readonly json: boolean }): Promise<number> => {
  const paths = resolvePaths(process.env);
  const status = await statusOrNull(paths);
  const findings: readonly Finding[] = [
    {
      subject: 'version',
      state: 'good',
      text: `${readVersion(paths.packageRoot)} in ${paths.packageRoot}, Node ${process.versions.node}`,
    },
    daemonFinding(status, paths),
    containmentFinding(status),
    homeFinding(paths),
    keyFinding(paths),
    settingsFinding(),
  ];
  if (json) printJson({ findings, paths: { ...paths, userConfig: userConfigFile(process.env) }, status });
  else
    for (const { subject, state, text } of findings)
      print(`${{ good: 'ok  ', note: 'note', bad: 'BAD ' }[state]}  ${subject.padEnd(12)} ${text}\n`);
  return findings.some(({ state }) => state === 'bad') ? 1 : 0;
};

const statusOrNull = async (paths: Paths): Promise<DaemonStatus | null> => {
  try {
    return await connectDaemon(paths.socketPath).status();
  } catch (error) {
    if (error instanceof DaemonAway) return null;
    throw error;
  }
};

const daemonFinding = (status: DaemonStatus | null, { socketPath }: Paths): Finding => {
  if (status === null)
    return {
      subject: 'daemon',
      state: 'note',
      text: `none runs (it would listen on ${socketPath}); flowforge daemon start`,
    };
  const lost = (status.workers ?? [])
    .filter(({ state }) => state !== 'up')
    .map(({ worker, state }) => `${worker} is ${state}`);
  if (lost.length > 0)
    return {
      subject: 'daemon',
      state: 'bad',
      text: `process ${status.pid}: ${lost.join(', ')}; flowforge daemon logs`,
    };
  return {
    subject: 'daemon',
    state: 'good',
    text: `process ${status.pid} on ${socketPath}${status.port === null ? '' : ` and http://127.0.0.1:${status.port}`}`,
  };
};

const containmentFinding = (status: DaemonStatus | null): Finding => {
  const level = status?.containment;
  if (level === undefined) return { subject: 'containment', state: 'note', text: 'known once a daemon runs' };
  const text = {
    cgroup2: 'cgroup2: nothing can leave a run',
    'tag-scan': 'tag-scan: processes are found by tag, session and parent',
    'process-group': 'process-group: a process that leaves its group can escape; escapees are reported',
  }[level];
  return { subject: 'containment', state: level === 'process-group' ? 'note' : 'good', text };
};

const homeFinding = ({ home }: Paths): Finding => {
  if (!existsSync(home)) return { subject: 'home', state: 'note', text: `${home} (made when first needed)` };
  const { mode, uid } = statSync(home);
  if (uid !== process.getuid?.())
    return {
      subject: 'home',
      state: 'bad',
      text: `${home} belongs to user ${uid}; set FLOWFORGE_HOME to a directory of yours`,
    };
  return (mode & 0o077) === 0
    ? { subject: 'home', state: 'good', text: home }
    : { subject: 'home', state: 'bad', text: `${home} is open to others; chmod 700 ${home}` };
};

const keyFinding = ({ packageRoot, home }: Paths): Finding =>
  guarded('API key', () => `in ${loadApiKey({ env: process.env, packageRoot, home }).source}`);

const settingsFinding = (): Finding =>
  guarded('settings', () => {
    const { profile, limits, origins } = readConfig({ flags: {}, env: process.env, cwd: process.cwd(), file: null });
    const from = Object.entries(origins).map(([key, place]) => `${key} from ${place}`);
    return `profile ${profile}, CPU ${limits.maxCpuPct} %, every ${limits.pollIntervalMs} ms, ${limits.logWindowLines} lines${from.length === 0 ? '' : ` (${from.join(', ')})`}`;
  });

const guarded = (subject: string, look: () => string): Finding => {
  try {
    return { subject, state: 'good', text: look() };
  } catch (error) {
    return { subject, state: 'bad', text: error instanceof Error ? error.message : String(error) };
  }
};
