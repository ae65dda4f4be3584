import type { ProcessIdentity } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { isAlive } from '../process-identity.ts';
import { isInside, listPids } from './cgroup-files.ts';
import { type Boundary, isLiving, type Member } from './membership.ts';
import { createProcessScan, type ProcessScan } from './process-scan.ts';
import { readProcessTable } from './process-table.ts';
import { openScanBoundary } from './scan-boundary.ts';

/** After everybody inside is gone, so long at least for those outside. */
const leastKillMs = 500;
/** A stop asks five times in a row, and nobody leaves a cgroup in between by chance. */
const momentMs = 250;

/**
 * A process may leave its cgroup where it has the right to: container engines and `systemd-run --scope` see to that. It
 * takes the tag of the run along, so those outside are looked for once those inside are dealt with, and treated alike.
 */
export const withStrays = (
  inside: Boundary,
  run: {
    readonly cgroupDir: string;
    readonly tag: number;
    readonly identity: ProcessIdentity;
    readonly clock: Clock;
  },
): Boundary => {
  const { clock } = run;
  const { bootId } = run.identity;
  const scan = scanOutside(run);
  const findHidden = async (): Promise<readonly Member[]> => scan.run('with-cookie').members.filter(isLiving);
  const outside = openScanBoundary({ level: 'tag-scan', scan, clock, findHidden });
  // Nearly every run has none, and to see that must be quick: five hundred are stopped at once.
  let seenNoneMs = Number.NEGATIVE_INFINITY;
  const hasStrays = (): boolean => {
    const inside = new Set(listPids(run.cgroupDir));
    const found = readProcessTable()
      .tagged(run.tag)
      .some((stat) => !inside.has(stat.pid) && isAlive({ ...stat, bootId }) && !isInside(stat.pid, run.cgroupDir));
    if (!found) seenNoneMs = clock.mono();
    return found;
  };
  /** On the way to a verdict a look that is a moment old will do; what the verdict stands on is always looked at anew. */
  const hadStrays = (): boolean => clock.mono() - seenNoneMs > momentMs && hasStrays();
  const findStrays = (): readonly Member[] => scan.run('quick').members.filter(isLiving);

  return {
    level: inside.level,
    fallback: inside.fallback,
    members: async () => [...(await inside.members()), ...(hadStrays() ? findStrays() : [])],
    signal: async (signal) => (await inside.signal(signal)) + (hadStrays() ? await outside.signal(signal) : 0),
    freeze: async () => [...(await inside.freeze()), ...(hasStrays() ? await outside.freeze() : [])],
    thaw: async () => {
      await inside.thaw();
      if (hadStrays()) await outside.thaw();
    },
    isFrozen: async () => (await inside.isFrozen()) && !(hasStrays() && findStrays().some((stray) => !stray.isStopped)),
    findLeft: async () => [...(await inside.findLeft()), ...(hasStrays() ? findStrays() : [])],
    kill: async (deadlineMs) => {
      const untilMs = clock.mono() + deadlineMs;
      const left = await inside.kill(deadlineMs);
      if (!hasStrays()) return left;
      return [...left, ...(await outside.kill(Math.max(leastKillMs, untilMs - clock.mono())))];
    },
    isEmpty: async () => (await inside.isEmpty()) && !hadStrays(),
    release: inside.release,
  };
};

/** The same members by the same marks, but for those in the cgroup. */
const scanOutside = (run: {
  readonly cgroupDir: string;
  readonly tag: number;
  readonly identity: ProcessIdentity;
}): ProcessScan => {
  const scan = createProcessScan({ tag: run.tag, identity: run.identity, isMarkedBy: 'limits' });
  const outside = (members: readonly Member[]): readonly Member[] =>
    members.filter(({ pid }) => !isInside(pid, run.cgroupDir));
  return {
    run: (depth) => {
      const { since, members } = scan.run(depth);
      return { since, members: outside(members) };
    },
    known: () => outside(scan.known()),
  };
};
