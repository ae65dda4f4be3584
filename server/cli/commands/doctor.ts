import { existsSync, readdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { type ContainmentProbe, probeContainment } from '#action/containment/probe';
import { connectDaemon, DaemonAway } from '#cli/daemon-client';
import { print, printJson } from '#cli/output';
import { formatBytes } from '#cli/render/quantity';
import { unitFile, unitSteps } from '#cli/render/unit-file';
import { readVersion } from '#cli/version';
import { findApiKey } from '#config/api-keys';
import { guardPriority, mayGoFirst } from '#config/guard-priority';
import { readLogKeeping } from '#config/log-settings';
import { type Paths, resolvePaths, userConfigFile } from '#config/paths';
import { readConfig } from '#config/read-config';
import { formatDuration } from '#policy/duration';
import type { DaemonStatus } from '#protocol/control';
import { troubleWords } from '#protocol/ledger-trouble';

interface Finding {
  readonly subject: string;
  readonly state: 'good' | 'note' | 'bad';
  readonly text: string;
}

interface Wish {
  readonly json: boolean;
  /** Only prints the unit file. */
  readonly unit: boolean;
}

/** `flowforge doctor`: starts and changes nothing. Exit code 1 when something keeps FlowForge from working. */
export const doctorCommand = async ({ json, unit }: Wish): Promise<number> => {
  const paths = resolvePaths(process.env);
  if (unit) {
    print(unitFile(paths, process.execPath));
    return 0;
  }
  const status = await statusOrNull(paths);
  const probe = await probeContainment();
  const findings: readonly Finding[] = [
    {
      subject: 'version',
      state: 'good',
      text: `${readVersion(paths.packageRoot)} in ${paths.packageRoot}, Node ${process.versions.node}`,
    },
    daemonFinding(status, paths),
    ...containmentFindings(probe, status),
    priorityFinding(),
    homeFinding(paths),
    logsFinding(paths),
    keyFinding(paths),
    settingsFinding(),
  ];
  if (json)
    printJson({ findings, paths: { ...paths, userConfig: userConfigFile(process.env) }, containment: probe, status });
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
  if (status.trouble)
    return {
      subject: 'daemon',
      state: 'bad',
      text: `process ${status.pid}: ${troubleWords(status.trouble, status.home)}`,
    };
  return {
    subject: 'daemon',
    state: 'good',
    text: `process ${status.pid} on ${socketPath}${status.port === null ? '' : ` and http://127.0.0.1:${status.port}`}`,
  };
};

const meaningOf = {
  cgroup2: 'the kernel knows who belongs to a run, and who left its cgroup is found by tag',
  'tag-scan': 'processes are found by tag, session and parent',
  'process-group': 'a process that leaves its group can escape; escapees are reported',
} as const;

/** What this terminal would get, why nothing better, and what a daemon that runs already has got. */
const containmentFindings = (probe: ContainmentProbe, status: DaemonStatus | null): readonly Finding[] => {
  const subject = 'containment';
  const isWeak = probe.level === 'process-group';
  const own: Finding = {
    subject,
    state: isWeak ? 'note' : 'good',
    text: `${probe.level}: ${meaningOf[probe.level]} (${probe.why})`,
  };
  const missed: Finding[] = probe.better.map(
    ({ level, whyNot, command }): Finding => ({
      subject: '',
      state: 'note',
      text: `no ${level}: ${whyNot}. What would give it: ${command}`,
    }),
  );
  const isDelegable = probe.better.some(({ level, command }) => level === 'cgroup2' && command.startsWith('systemd'));
  if (isDelegable)
    missed.push({ subject: '', state: 'note', text: `for good, at each start of the machine: ${unitSteps}` });
  if (status?.containment === undefined || status.containment === probe.level) return [own, ...missed];
  const running: Finding = {
    subject: '',
    state: 'note',
    text: `the daemon that runs has ${status.containment}: ${meaningOf[status.containment]}; flowforge daemon restart takes what is had here`,
  };
  return [own, ...missed, running];
};

const priorityFinding = (): Finding =>
  mayGoFirst()
    ? {
        subject: 'priority',
        state: 'good',
        text: `the guard goes first (nice ${guardPriority}), also where its jobs want all cores`,
      }
    : {
        subject: 'priority',
        state: 'note',
        text: `the guard shares the cores with its jobs, and a fork storm slows it down. What would give it more: the line "${userInfo().username} - nice ${guardPriority}" in /etc/security/limits.conf, and a new login`,
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

const blockBytes = 512;

/** What output takes of the disk, and what becomes of it: by the settings of this terminal, which a daemon started here gets. */
const logsFinding = ({ runsDir }: Paths): Finding =>
  guarded('logs', () => {
    const { archives, archiveAfterMs, homeBytes, keepMs } = readLogKeeping(process.env);
    const files = existsSync(runsDir) ? readdirSync(runsDir, { recursive: true, encoding: 'utf8' }) : [];
    const blocks = files.map((name) => statSync(path.join(runsDir, name), { throwIfNoEntry: false })?.blocks ?? 0);
    const bytes = blocks.reduce((sum, count) => sum + count * blockBytes, 0);
    const how = archives ? `archived ${formatDuration(archiveAfterMs)} after the end of a run` : 'not archived';
    return `${formatBytes(bytes)} of at most ${formatBytes(homeBytes)}, ${how}, kept for ${formatDuration(keepMs)}`;
  });

const keyFinding = ({ packageRoot, home }: Paths): Finding =>
  guarded('API key', () => {
    const found = findApiKey({ env: process.env, packageRoot, home });
    return found === null ? 'none yet (made when the daemon first starts, or by flowforge key)' : `in ${found.source}`;
  });

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
