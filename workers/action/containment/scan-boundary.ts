import type { ContainmentLevel } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { signalProcess } from '../process-identity.ts';
import { type Boundary, isDoubt, isLiving, keyOf, type Member, wait } from './membership.ts';
import type { ProcessScan } from './process-scan.ts';

const freezeDeadlineMs = 1_000;
/** A look that proves nothing is repeated for as long. */
const lookDeadlineMs = 2_000;
const emptyScansToTrust = 3;

interface Hunt {
  readonly scan: ProcessScan;
  readonly clock: Clock;
  /** The last look before "empty" is said. */
  readonly findHidden: (kills: boolean) => Promise<readonly Member[]>;
}

/** A boundary that only exists in the process table: stop everybody until nobody new is found, then kill. */
export const openScanBoundary = (options: Hunt & { readonly level: ContainmentLevel }): Boundary => {
  const { scan, clock, level } = options;
  const findLiving = (): readonly Member[] => scan.run('with-cookie').members.filter(isLiving);
  return {
    level: () => level,
    fallback: () => null,
    members: async () => scan.run('with-cookie').members,
    signal: async (signal) => sendAll(findLiving(), signal),
    freeze: () => stopAll(options, { untilMs: clock.mono() + freezeDeadlineMs, waits: true }),
    thaw: async () => void sendAll(findLiving(), 'SIGCONT'),
    isFrozen: async () => {
      const living = findLiving();
      return living.length > 0 && living.every((member) => member.isStopped);
    },
    findLeft: () => findLeft(options, clock.mono() + lookDeadlineMs),
    kill: (deadlineMs) => killAll(options, clock.mono() + deadlineMs),
    // Those we know are asked first: while one of them lives, the whole table need not be read.
    isEmpty: async () => !scan.known().some(isLiving) && findLiving().length === 0,
    release: async () => undefined,
  };
};

/**
 * Three scans in a row must find nobody new: a stopped process forks no more. Who `waits` wants nobody to move any more,
 * which takes as long as the last of them needs to get a core; who is about to kill does not have to see it.
 */
const stopAll = async (
  hunt: Hunt,
  { untilMs, waits }: { readonly untilMs: number; readonly waits: boolean },
): Promise<readonly Member[]> => {
  const signalled = new Set<string>();
  let moving: readonly Member[] = [];
  for (let emptyScans = 0; emptyScans < emptyScansToTrust; ) {
    const living = hunt.scan.run('quick').members.filter(isLiving);
    moving = living.filter((member) => !member.isStopped);
    const fresh = moving.filter((member) => !signalled.has(keyOf(member.identity)));
    const isLast = hunt.clock.mono() >= untilMs;
    const awaited = waits && !isLast ? findAwaited(living, signalled) : [];
    sendAll(awaited, 'SIGCONT');
    sendAll(
      moving.filter((member) => !awaited.includes(member)),
      'SIGSTOP',
    );
    for (const member of fresh) signalled.add(keyOf(member.identity));
    emptyScans = (waits ? moving : fresh).length === 0 ? emptyScans + 1 : 0;
    if (isLast) break;
    await wait(hunt.clock, 1);
  }
  return moving;
};

/**
 * A process that made a child by vfork waits for it, deaf, until the child became another program: stopped in between, the
 * child would keep its parent from ever being seen to stop. Such a child has to go on first.
 */
const findAwaited = (living: readonly Member[], signalled: ReadonlySet<string>): readonly Member[] =>
  living.flatMap((parent) => {
    if (!parent.isDeaf || !signalled.has(keyOf(parent.identity))) return [];
    const youngest = living
      .filter((member) => member.parentPid === parent.pid)
      .reduce<Member | null>((found, member) => (found === null || isYounger(member, found) ? member : found), null);
    // Until it is another program it is called like its parent.
    return youngest !== null && youngest.command === parent.command ? [youngest] : [];
  });

const isYounger = (one: Member, other: Member): boolean =>
  one.identity.startTicks - other.identity.startTicks > 0 ||
  (one.identity.startTicks === other.identity.startTicks && one.pid > other.pid);

const findLeft = async (hunt: Hunt, untilMs: number): Promise<readonly Member[]> => {
  for (;;) {
    const found = await hunt.findHidden(false);
    if (!found.some(isDoubt) || hunt.clock.mono() >= untilMs) return found;
    await wait(hunt.clock, 1);
  }
};

const killAll = async (hunt: Hunt, untilMs: number): Promise<readonly Member[]> => {
  await stopAll(hunt, { untilMs: Math.min(untilMs, hunt.clock.mono() + freezeDeadlineMs), waits: false });
  for (let pauseMs = 1; ; ) {
    const living = hunt.scan.run('quick').members.filter(isLiving);
    sendAll(living, 'SIGKILL');
    const survivors = living.length > 0 ? living : await hunt.findHidden(true);
    if (survivors.length === 0 || hunt.clock.mono() >= untilMs) return survivors;
    // Who is dying needs time; who hides behind its forks must be given none.
    pauseMs = living.length > 0 ? Math.min(pauseMs * 2, 50) : 1;
    await wait(hunt.clock, pauseMs);
  }
};

const sendAll = (members: readonly Member[], signal: NodeJS.Signals): number =>
  members.filter((member) => signalProcess(member.identity, signal) === 'sent').length;
