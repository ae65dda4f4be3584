import type { ProcessFigures } from '#protocol/observations';

/** One turn of the wheel: no run is looked at more often. */
export const turnMs = 100;

const youngForMs = 3000;
const idleAfterMs = 5000;
const idlePollMs = 1000;
/** Above this many runs, those that are far from any trouble are looked at as often as idle ones. */
export const largeFleet = 100;
/** From 334 runs on the calm ones are looked at ever more seldom, so that guarding 500 costs no more of a core than guarding 300. */
const calmPollMsPerRun = 3;
const calmPollAtMostMs = 3000;
// Half of where pressure begins: a run that comes near it is looked at as often as its limits say, from then on.
const calmShareOfCpu = 0.5;
const calmBytes = 64 * 1024;
const fastGrowthBytesPerSecond = 50 * 1024 * 1024;
const fastSpawnPerSecond = 10;

export interface Pace {
  /** Whether the run is to be evaluated in the turn at `monoMs`. */
  isDue(monoMs: number): boolean;
  /** Far from every limit, as of its last evaluation. */
  isCalm(): boolean;
  /** What the evaluation at `monoMs` showed, and how much output came since the one before. */
  note(monoMs: number, seen: { figures: ProcessFigures; outputBytes: number }): void;
}

export interface PaceLimits {
  readonly pollIntervalMs: number;
  readonly maxMemBytes: number | null;
  readonly maxCpuPct: number;
}

/**
 * How often a run is evaluated: at its interval, on turns that it shares with all runs of that interval, so that one pass
 * serves many; in every turn while it is young or near trouble; each second while it does nothing, and in a large fleet
 * while it does nothing remarkable: each three seconds in the largest.
 */
export const createPace = (
  limits: PaceLimits,
  { startedMonoMs, fleetSize }: { readonly startedMonoMs: number; readonly fleetSize: () => number },
): Pace => {
  let isCalm = false;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  let activeAtMs = startedMonoMs;
  let last: { monoMs: number; rssBytes: number } | null = null;

  const isUrgent = (monoMs: number, figures: ProcessFigures): boolean => {
    if (monoMs - startedMonoMs < youngForMs) return true;
    if (limits.maxMemBytes !== null && figures.rssBytes > limits.maxMemBytes / 2) return true;
    const seconds = last === null ? 0 : (monoMs - last.monoMs) / 1000;
    if (last === null || seconds <= 0) return false;
    return (
      (figures.rssBytes - last.rssBytes) / seconds > fastGrowthBytesPerSecond ||
      figures.spawned / seconds > fastSpawnPerSecond
    );
  };

  return {
    isDue: (monoMs) => monoMs >= dueAtMs,
    isCalm: () => isCalm,
    note: (monoMs, { figures, outputBytes }) => {
      if (outputBytes > 0 || figures.cpuPct === null || figures.cpuPct > 0) activeAtMs = monoMs;
      const isIdle = monoMs - activeAtMs >= idleAfterMs;
      const urgent = isUrgent(monoMs, figures);
      isCalm =
        !urgent &&
        outputBytes < calmBytes &&
        Math.max(figures.cpuPct ?? 0, figures.demandPct ?? 0) < limits.maxCpuPct * calmShareOfCpu;
      const slowMs = isCalm && fleetSize() > largeFleet ? calmPollMs(fleetSize()) : isIdle ? idlePollMs : turnMs;
      const everyMs = urgent ? turnMs : Math.max(limits.pollIntervalMs, slowMs);
      // Half a turn of slack: a timer that is a little late must not push a run to the turn after.
      dueAtMs = (Math.floor(monoMs / everyMs) + 1) * everyMs - turnMs / 2;
      if (dueAtMs <= monoMs) dueAtMs += everyMs;
      last = { monoMs, rssBytes: figures.rssBytes };
    },
  };
};

const calmPollMs = (runs: number): number =>
  Math.min(calmPollAtMostMs, Math.max(idlePollMs, Math.ceil((runs * calmPollMsPerRun) / turnMs) * turnMs));
