import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, identityOf, isAlive } from '#action/process-identity';
import type { ProcessIdentity } from '#protocol/run-spec';

/** One daemon per home. The lease is a file that names the holder by boot, pid and start time, so a stale one is known. */
export type LeaseOutcome =
  | { readonly kind: 'held'; readonly after: 'first' | 'asked' | 'crash'; release(): void }
  | { readonly kind: 'taken'; readonly holder: ProcessIdentity };

/** Who asks, and how it tells the living from the dead. */
export interface Claimant {
  readonly me: ProcessIdentity | null;
  readonly isAlive: (holder: ProcessIdentity) => boolean;
}

/** Each of them means that a rival came or went while we looked: far more than ever start at once. */
const mostAttempts = 100;

export const leasePath = (home: string): string => path.join(home, 'daemon.lease');

/**
 * A dead holder's lease is never moved away: what is moved may be the fresh one of a rival that was faster. Its only heir
 * is whoever makes the one file that is named after the dead, and the heir writes over the lease. An heir that died
 * before it did has an heir by the same rule. A dead process never comes back, so whoever made such a file late, when
 * the lease speaks of another already, sees that, and has inherited nothing.
 *
 * @throws when the home cannot be written to.
 */
export const takeLease = (
  home: string,
  { me, isAlive: lives }: Claimant = { me: identityOf(process.pid), isAlive },
): LeaseOutcome => {
  if (me === null) throw new Error('this process cannot see its own /proc entry, so it cannot hold a lease');
  const file = leasePath(home);
  const mine = `${file}.${me.pid}`;
  // One that was left by a process with our pid may be the very file that is linked to as its lease.
  rmSync(mine, { force: true });
  writeFileSync(mine, JSON.stringify(me), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      if (tryLink(mine, file)) return held(file, { me, after: 'first' });
      const line = lineOf(file);
      const last = line.at(-1);
      if (last === undefined) continue;
      if (last.holder !== null && lives(last.holder)) return { kind: 'taken', holder: last.holder };
      if (!tryLink(mine, heirFile(file, last))) continue;
      if (readName(file)?.key === line[0]?.key) {
        renameSync(mine, file);
        for (const dead of line) rmSync(heirFile(file, dead), { force: true });
        return held(file, { me, after: 'crash' });
      }
      rmSync(heirFile(file, last), { force: true });
    }
    throw new Error(
      `${file}: another process keeps taking the lease of this home; look for a second daemon that starts over and over`,
    );
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Who holds the home now, dead or alive; null when nobody does or the file is not a lease. */
export const readLease = (home: string): ProcessIdentity | null => readName(leasePath(home))?.holder ?? null;

/** What a lease or the file of an heir says: whose it is, and a name that no other will ever have. */
interface Name {
  readonly holder: ProcessIdentity | null;
  readonly key: string;
}

/** The holder that the lease names, its heir, the heir of that one: the last of them holds the home, or did. */
const lineOf = (file: string): readonly Name[] => {
  const line: Name[] = [];
  for (let name = readName(file); name !== null; name = readName(heirFile(file, name))) line.push(name);
  return line;
};

const heirFile = (file: string, { key }: Name): string => `${file}.after-${key}`;

/** Null when there is none. One that cannot be read (a machine that lost power) goes by where and when it was written. */
const readName = (file: string): Name | null => {
  try {
    const holder = parseLease(readFileSync(file, 'utf8'));
    if (holder !== null) return { holder, key: `${holder.bootId}-${holder.pid}-${holder.startTicks}` };
    const { ino, mtimeMs } = statSync(file);
    return { holder: null, key: `${ino}-${Math.round(mtimeMs)}` };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

const tryLink = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
};

const held = (
  file: string,
  { me, after }: { readonly me: ProcessIdentity; readonly after: 'first' | 'crash' },
): LeaseOutcome => ({
  kind: 'held',
  after,
  // While we live nobody takes it from us. Where somebody wrote over it all the same, it is not ours to remove.
  release: () => {
    const name = readName(file)?.holder;
    if (name?.pid === me.pid && name.startTicks === me.startTicks && name.bootId === me.bootId) rmSync(file);
  },
});

const parseLease = (text: string): ProcessIdentity | null => {
  try {
    const raw = JSON.parse(text) as Partial<ProcessIdentity>;
    const { pid, startTicks, bootId } = raw;
    if (typeof pid !== 'number' || typeof startTicks !== 'number' || typeof bootId !== 'string') return null;
    // It becomes part of a file name.
    return /^[\w-]{1,64}$/.test(bootId) ? { bootId, pid, startTicks } : null;
  } catch {
    return null; // cut by a crash
  }
};
