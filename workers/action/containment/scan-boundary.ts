import type { ContainmentLevel } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { signalProcess } from '../process-identity.ts';
import { type Boundary, describeMember, isLiving, keyOf, type Member, wait } from './membership.ts';
import type { ProcessScan } from './process-scan.ts';

const freezeDeadlineMs = 1_000;
const emptyScansToTrust = 3;

interface Hunt {
  readonly scan: ProcessScan;
  readonly clock: Clock;
  /** The last look before "empty" is said. */
  readonly findHidden: () => Promise<readonly Member[]>;
}

/** A boundary that only exists in the process table: stop everybody until nobody new is found, then kill. */
export const openScanBoundary = (options: Hunt & { readonly level: ContainmentLevel }): Boundary => {
  const { scan, clock, level } = options;
  const findLiving = (): readonly Member[] => scan.run('with-cookie').filter(isLiving);
  return {
    level: () => level,
    fallback: () => null,
    members: async () => scan.run('with-cookie').map(describeMember),
    signal: async (signal) => sendAll(findLiving(), signal),
    freeze: () => stopAll(options, clock.mono() + freezeDeadlineMs),
    thaw: async () => void sendAll(findLiving(), 'SIGCONT'),
    isFrozen: async () => {
      const living = findLiving();
      return living.length > 0 && living.every((member) => member.isStopped);
    },
    kill: (deadlineMs) => killAll(options, clock.mono() + deadlineMs),
    // Those we know are asked first: while one of them lives, the whole table need not be read.
    isEmpty: async () => !scan.known().some(isLiving) && findLiving().length === 0,
    release: async () => undefined,
  };
};

/** Three scans in a row must find nobody new: a stopped process forks no more. */
const stopAll = async (hunt: Hunt, untilMs: number): Promise<readonly Member[]> => {
  const signalled = new Set<string>();
  let moving: readonly Member[] = [];
  for (let emptyScans = 0; emptyScans < emptyScansToTrust; ) {
    moving = hunt.scan.run('quick').filter((member) => isLiving(member) && !member.isStopped);
    const fresh = moving.filter((member) => !signalled.has(keyOf(member.identity)));
    sendAll(moving, 'SIGSTOP');
    for (const member of fresh) signalled.add(keyOf(member.identity));
    emptyScans = fresh.length === 0 ? emptyScans + 1 : 0;
    if (hunt.clock.mono() >= untilMs) break;
    await wait(hunt.clock, 1);
  }
  return moving;
};

const killAll = async (hunt: Hunt, untilMs: number): Promise<readonly Member[]> => {
  await stopAll(hunt, Math.min(untilMs, hunt.clock.mono() + freezeDeadlineMs));
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const living = hunt.scan.run('quick').filter(isLiving);
    sendAll(living, 'SIGKILL');
    const survivors = living.length > 0 ? living : await hunt.findHidden();
    if (survivors.length === 0 || hunt.clock.mono() >= untilMs) return survivors.map(describeMember);
    await wait(hunt.clock, pauseMs);
  }
};

const sendAll = (members: readonly Member[], signal: NodeJS.Signals): number =>
  members.filter((member) => signalProcess(member.identity, signal) === 'sent').length;
