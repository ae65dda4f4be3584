import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainmentLevel, containmentLevels } from '#protocol/run-spec';
import { limitsOfTag } from '#protocol/run-tag';
import { systemClock } from '#runtime/clock';
import { openCgroup } from './cgroup.ts';
import { cgroupBase, listPids, removeTree } from './cgroup-files.ts';
import { wait } from './membership.ts';
import { carriesTag, newTag } from './run-mark.ts';

/** A level this machine does not give, and what would make it do so. */
export interface BetterLevel {
  readonly level: ContainmentLevel;
  readonly whyNot: string;
  readonly command: string;
}

export interface ContainmentProbe {
  readonly level: ContainmentLevel;
  readonly why: string;
  readonly better: readonly BetterLevel[];
}

type Trial = { readonly kind: 'works'; readonly why: string } | { readonly kind: 'fails'; readonly whyNot: string };

const trialDeadlineMs = 2_000;

/** Tries each level on a process of its own, best first. FLOWFORGE_CONTAINMENT names the best that may be used. */
export const probeContainment = async (env: NodeJS.ProcessEnv = process.env): Promise<ContainmentProbe> => {
  const ceiling = containmentLevels.find((level) => level === env.FLOWFORGE_CONTAINMENT) ?? 'cgroup2';
  const better: BetterLevel[] = [];
  for (const level of containmentLevels) {
    const trial = isBetter(level, ceiling) ? heldBack(ceiling) : await trials[level]();
    if (trial.kind === 'works') return { level, why: trial.why, better };
    better.push({
      level,
      whyNot: trial.whyNot,
      command: isBetter(level, ceiling) ? 'unset FLOWFORGE_CONTAINMENT' : remedies[level],
    });
  }
  return { level: 'process-group', why: 'nothing better works here', better };
};

export const remedies: Readonly<Record<ContainmentLevel, string>> = {
  // Not `start`, which leaves alone a daemon that runs already, where it is.
  cgroup2: 'systemd-run --user --scope -p Delegate=yes flowforge daemon restart',
  'tag-scan': 'install util-linux (prlimit) and mount /proc without hidepid',
  'process-group': 'install util-linux (setsid)',
};

const isBetter = (level: ContainmentLevel, than: ContainmentLevel): boolean =>
  containmentLevels.indexOf(level) < containmentLevels.indexOf(than);

const heldBack = (ceiling: ContainmentLevel): Trial => ({
  kind: 'fails',
  whyNot: `FLOWFORGE_CONTAINMENT=${ceiling} asks for no more`,
});

const tryCgroup = async (): Promise<Trial> => {
  const base = cgroupBase();
  if (base === null)
    return { kind: 'fails', whyNot: 'no cgroup2 hierarchy is mounted where this user may create a cgroup' };
  const dir = join(base, `probe-${randomBytes(6).toString('hex')}`);
  let child: ChildProcess | null = null;
  try {
    mkdirSync(dir, { recursive: true });
    child = spawn('/bin/sh', ['-c', 'echo 0 >"$1/cgroup.procs" && exec sleep 5', 'sh', dir], { stdio: 'ignore' });
    const { pid } = child;
    const joined = await holdsWithin(() => pid !== undefined && listPids(dir).includes(pid));
    if (!joined) return { kind: 'fails', whyNot: `a process could not enter ${dir}` };
    const survivors = await openCgroup(dir, systemClock).kill(trialDeadlineMs);
    if (survivors.length > 0) return { kind: 'fails', whyNot: `a process in ${dir} outlived cgroup.kill` };
    return { kind: 'works', why: `a process was created, contained and ended below ${base}` };
  } catch (cause) {
    return { kind: 'fails', whyNot: `${base}: ${cause instanceof Error ? cause.message : String(cause)}` };
  } finally {
    await end(child);
    removeTree(dir);
  }
};

const tryTagScan = async (): Promise<Trial> => {
  const tag = newTag();
  const { soft, hard } = limitsOfTag(tag);
  const script = 'prlimit --pid $$ --msgqueue="$1" && exec sleep 5';
  const child = spawn('/bin/sh', ['-c', script, 'sh', `${soft}:${hard}`], { stdio: 'ignore' });
  const { pid } = child;
  const isTagged = await holdsWithin(() => child.exitCode !== null || (pid !== undefined && carriesTag(pid, tag)));
  const works = isTagged && child.exitCode === null;
  await end(child);
  if (!works) return { kind: 'fails', whyNot: 'prlimit could not mark a process, or /proc/PID/limits cannot be read' };
  return { kind: 'works', why: 'a process was marked with prlimit and found again in /proc' };
};

const trials: Readonly<Record<ContainmentLevel, () => Promise<Trial>>> = {
  cgroup2: tryCgroup,
  'tag-scan': tryTagScan,
  'process-group': async () => ({
    kind: 'works',
    why: 'every system has process groups; who leaves them is out of sight',
  }),
};

const holdsWithin = async (holds: () => boolean): Promise<boolean> => {
  for (const until = systemClock.mono() + trialDeadlineMs; !holds(); await wait(systemClock, 2)) {
    if (systemClock.mono() >= until) return false;
  }
  return true;
};

const end = async (child: ChildProcess | null): Promise<void> => {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await Promise.race([exited, wait(systemClock, trialDeadlineMs)]);
};
