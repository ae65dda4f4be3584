import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { removeTree } from '#action/containment/cgroup-files';
import { runPaths } from '#coordinator/run-files';
import type { ContainmentHandle } from '#protocol/run-spec';

const cgroupsOf = (home: string): readonly string[] => {
  const runs = path.join(home, 'runs');
  return (existsSync(runs) ? readdirSync(runs) : []).flatMap((id) => {
    const { spec } = runPaths(path.join(runs, id));
    if (!existsSync(spec)) return [];
    const { handle } = JSON.parse(readFileSync(spec, 'utf8')) as { readonly handle: ContainmentHandle };
    return handle.level === 'cgroup2' ? [handle.cgroupDir] : [];
  });
};

/** Of runs whose job was ended while no daemon guarded them; waits until who is dying has left. */
export const removeCgroups = async (home: string): Promise<void> => {
  const left = (): readonly string[] => cgroupsOf(home).filter((dir) => existsSync(dir));
  for (const endMs = performance.now() + 5_000; left().length > 0; ) {
    for (const dir of left()) removeTree(dir);
    if (performance.now() > endMs) throw new Error(`cgroups that are left behind: ${left().join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
