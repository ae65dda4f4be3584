import { accessSync, constants, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { codeOf, readProcFile } from '../process-identity.ts';

/** Where runs get their cgroups: below the root of the hierarchy, or below our own cgroup where that was delegated to us. */
export const cgroupBase = (): string | null => {
  const mount = cgroupMount(readFileSync('/proc/mounts', 'utf8'));
  if (mount === null) return null;
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  return [mount, join(mount, own)].map((dir) => join(dir, 'flowforge')).find(isCreatable) ?? null;
};

/** The mount point of the cgroup2 hierarchy, wherever it is; v1 hierarchies may stand beside it. */
export const cgroupMount = (mounts: string): string | null => {
  for (const line of mounts.split('\n')) {
    const [, path, type] = line.split(' ');
    if (type === 'cgroup2' && path !== undefined) return unescapeMount(path);
  }
  return null;
};

/** Pids of a cgroup and of every cgroup that the job made below it. @throws when the cgroup is gone. */
export const listPids = (cgroupDir: string): readonly number[] => {
  const own = readFileSync(join(cgroupDir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return [...own, ...childDirs(cgroupDir).flatMap(listChild)];
};

/** True for a process in the cgroup or below it. Both paths end alike, whatever the mount point and the namespace. */
export const isInside = (pid: number, cgroupDir: string): boolean => {
  const path = /^0::(.*)$/m.exec(readProcFile(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? '';
  return path.split('/').includes(basename(cgroupDir));
};

/** One flag of `cgroup.events`. @throws when the cgroup is gone. */
export const readEvent = (cgroupDir: string, event: 'populated' | 'frozen'): boolean =>
  new RegExp(`^${event} 1$`, 'm').test(readFileSync(join(cgroupDir, 'cgroup.events'), 'utf8'));

/** Whether it was told to freeze. @throws when the cgroup is gone. */
export const readFreeze = (cgroupDir: string): boolean =>
  readFileSync(join(cgroupDir, 'cgroup.freeze'), 'utf8').trim() === '1';

export const writeControl = (cgroupDir: string, control: 'cgroup.kill' | 'cgroup.freeze', value: '0' | '1'): void =>
  writeFileSync(join(cgroupDir, control), value, { flag: 'r+' });

/** Deepest first. */
export const removeTree = (cgroupDir: string): void => {
  try {
    for (const child of childDirs(cgroupDir)) removeTree(child);
    rmdirSync(cgroupDir);
  } catch (cause) {
    // Gone already, still inhabited, or no longer ours: an empty directory that stays costs nothing.
    if (codeOf(cause) === '') throw cause;
  }
};

const childDirs = (cgroupDir: string): readonly string[] =>
  readdirSync(cgroupDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(cgroupDir, entry.name));

const listChild = (cgroupDir: string): readonly number[] => {
  try {
    return listPids(cgroupDir);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENODEV') return []; // removed while we looked: it was empty
    if (codeOf(cause) === 'ENOTSUP') return []; // a threaded one: its processes are on the list of the one above
    throw cause;
  }
};

const isCreatable = (base: string): boolean => isWritable(base) || isWritable(join(base, '..'));

const isWritable = (dir: string): boolean => {
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
    accessSync(join(dir, 'cgroup.procs'), constants.W_OK);
    return true;
  } catch {
    return false; // absent or not ours: the next candidate is asked
  }
};

// The kernel writes blanks in mount points as octal.
const unescapeMount = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
