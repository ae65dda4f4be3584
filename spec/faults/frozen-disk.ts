import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A disk that can be made to keep whoever writes to it waiting, in a sleep that no signal ends. */
export interface FreezableDisk {
  readonly kind: 'mounted';
  readonly dir: string;
  /** Why it was refused; null where it holds now. */
  freeze(): string | null;
  /** Harmless where it is not frozen. */
  thaw(): void;
  /** Thaws, unmounts and removes it; nobody may be using it any more. */
  end(): void;
}

const run = (command: string, ...args: readonly string[]): string | null => {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? null : `${command} refused: ${(error?.message ?? stderr).trim().split('\n')[0]}`;
};

export const mountFreezableDisk = (): FreezableDisk | { readonly kind: 'refused'; readonly why: string } => {
  const place = mkdtempSync(path.join(tmpdir(), 'ff-frozen-'));
  const [image, dir] = [path.join(place, 'image'), path.join(place, 'disk')];
  mkdirSync(dir);
  const leave = (): void => rmSync(place, { recursive: true });
  const why =
    run('truncate', '-s', '64M', image) ??
    run('mkfs.ext4', '-q', '-F', image) ??
    run('mount', '-o', 'loop', image, dir);
  if (why !== null) {
    leave();
    return { kind: 'refused', why };
  }
  const thaw = (): void => void run('fsfreeze', '--unfreeze', dir);
  return {
    kind: 'mounted',
    dir,
    freeze: () => run('fsfreeze', '--freeze', dir),
    thaw,
    end: () => {
      thaw();
      const stuck = run('umount', dir);
      if (stuck !== null) throw new Error(stuck);
      leave();
    },
  };
};
