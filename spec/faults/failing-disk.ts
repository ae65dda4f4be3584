import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unmount } from './unmount.ts';

/** A disk whose file system gives up in the middle of everything, as one does when its device fails. */
export interface FailingDisk {
  readonly dir: string;
  /** From now on nothing can be written, nor to files that are open; what was before is kept. */
  fail(): void;
  /** Checked and mounted anew; nothing may be open on it. */
  repair(): void;
  end(): void;
}

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });

/** Null where this machine has no loop device, no ext4 or no root for it. */
export const mountFailingDisk = (): FailingDisk | null => {
  const place = mkdtempSync(path.join(tmpdir(), 'ff-disk-'));
  const [image, dir] = [path.join(place, 'image'), mkdtempSync(path.join(tmpdir(), 'ff-fault-'))];
  const mount = (): boolean =>
    spawnSync('mount', ['-o', 'loop,errors=remount-ro', image, dir], { stdio: 'ignore' }).status === 0;
  const leave = (): void => {
    for (const one of [place, dir]) rmSync(one, { recursive: true });
  };
  writeFileSync(image, '');
  const isMade = spawnSync('sh', ['-c', 'truncate -s 64M "$1" && mkfs.ext4 -q -F "$1"', 'sh', image]).status === 0;
  if (!isMade || !mount()) {
    leave();
    return null;
  }
  const trigger = (): string => {
    const device = run('findmnt', '-no', 'SOURCE', dir).trim();
    const name = device.startsWith('/dev/') ? device : run('losetup', '-nO', 'NAME', '-j', image).trim();
    return `/sys/fs/ext4/${path.basename(name)}/trigger_fs_error`;
  };
  if (!existsSync(trigger())) {
    unmount(dir);
    leave();
    return null;
  }
  return {
    dir,
    fail: () => {
      // What was written long ago is on a real disk by then.
      run('sync', '-f', dir);
      writeFileSync(trigger(), '1');
    },
    repair: () => {
      unmount(dir);
      // 1: errors were found and mended, which is what it is for.
      if ((spawnSync('fsck.ext4', ['-fy', image], { stdio: 'ignore' }).status ?? 8) > 1)
        throw new Error('the disk cannot be repaired');
      if (!mount()) throw new Error('the disk cannot be mounted again');
    },
    end: () => {
      unmount(dir);
      leave();
    },
  };
};
