import { spawnSync } from 'node:child_process';

const tries = 100;

/** Who has just been ended may hold a file for a moment longer. @throws Error after ten seconds, with what `umount` said. */
export const unmount = (dir: string): void => {
  for (let left = tries; ; left--) {
    const { status, stderr } = spawnSync('umount', [dir], { encoding: 'utf8' });
    if (status === 0) return;
    if (left === 1) throw new Error(stderr.trim());
    spawnSync('sleep', ['0.1']);
  }
};
