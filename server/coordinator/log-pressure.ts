/** How a log comes along, from look to look. */
export interface Pressure {
  readonly size: number;
  readonly atMs: number;
  /** 0 at the first look, which has nothing to compare with. */
  readonly bytesPerSecond: number;
  /** Null while it has not to be shortened, or nothing is archived. */
  readonly archived: number | null;
  /** When that moved last. */
  readonly archivedAtMs: number;
}

/**
 * Sampling passes over what it is behind by more than 16 MiB of; what lies further back nobody will read. That much may
 * wait, beyond what the log may take, before the cap comes first.
 */
export const mostBehindBytes = 17 * 1024 * 1024;
/** The archive takes more than this on a machine that is busy with other things. */
const archivedPerSecond = 8 * 1024 * 1024;
/** Far more than people read, and far less than a flood. */
const watchedPerSecond = 1024 * 1024;
/** Then it is not slow but cannot go on: there is no room for it. */
const stuckAfterMs = 10_000;

/** @param now `atMs` is monotonic. */
export const pressOn = (
  before: Pressure | undefined,
  now: { readonly size: number; readonly archived: number | null; readonly atMs: number },
): Pressure => {
  if (before === undefined) return { ...now, bytesPerSecond: 0, archivedAtMs: now.atMs };
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
  return {
    ...now,
    bytesPerSecond: (now.size - before.size) / seconds,
    archivedAtMs: now.archived !== null && now.archived === before.archived ? before.archivedAtMs : now.atMs,
  };
};

export const isFlooding = ({ bytesPerSecond }: Pressure): boolean => bytesPerSecond > archivedPerSecond;

/** Worth a look at each turn, however many logs there are. */
export const mayFlood = (pressure: Pressure | undefined): boolean =>
  pressure === undefined || pressure.bytesPerSecond > watchedPerSecond;

/** Waiting for the archive would let the log grow without end. */
export const isHopeless = (pressure: Pressure): boolean =>
  isFlooding(pressure) || pressure.atMs - pressure.archivedAtMs > stuckAfterMs;
