import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identityOf, isAlive } from '#action/process-identity';
import type { ProcessIdentity } from '#protocol/run-spec';

/** One daemon per home. The lease is a file that names the holder by boot, pid and start time, so a stale one is known. */
export type LeaseOutcome =
  | { readonly kind: 'held'; readonly after: 'first' | 'asked' | 'crash'; release(): void }
  | { readonly kind: 'taken'; readonly holder: ProcessIdentity };

export const leasePath = (home: string): string => path.join(home, 'daemon.lease');

/** @throws when the home cannot be written to. */
export const takeLease = (home: string): LeaseOutcome => {
  const file = leasePath(home);
  const mine = `${file}.${process.pid}`;
  const me = identityOf(process.pid);
  if (me === null) throw new Error('this process cannot see its own /proc entry, so it cannot hold a lease');
  writeFileSync(mine, JSON.stringify(me), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (tryLink(mine, file)) return held(file, attempt > 0 ? 'crash' : 'first');
      const holder = readLease(home);
      if (holder !== null && isAlive(holder)) return { kind: 'taken', holder };
      setAside(file);
    }
    throw new Error(
      `${file}: another process keeps taking the lease of this home; look for a second daemon that starts over and over`,
    );
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Who holds the home now, dead or alive; null when nobody does or the file is not a lease. */
export const readLease = (home: string): ProcessIdentity | null => {
  try {
    return parseLease(readFileSync(leasePath(home), 'utf8'));
  } catch {
    /* no lease, or it went away while we looked */
    return null;
  }
};

const tryLink = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
};

const setAside = (file: string): void => {
  try {
    renameSync(file, `${file}.stale`);
  } catch {
    /* a rival set it aside first; the next round tells who won */
  }
};

const held = (file: string, after: 'first' | 'crash'): LeaseOutcome => ({
  kind: 'held',
  after,
  release: () => rmSync(file, { force: true }),
});

const parseLease = (text: string): ProcessIdentity | null => {
  const raw = JSON.parse(text) as Partial<ProcessIdentity>;
  if (typeof raw.pid !== 'number' || typeof raw.startTicks !== 'number' || typeof raw.bootId !== 'string') return null;
  return { bootId: raw.bootId, pid: raw.pid, startTicks: raw.startTicks };
};
