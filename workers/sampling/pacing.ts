import type { ProcessFigures } from '#protocol/observations';

/** One turn of the wheel: no run is looked at more often. */
export const turnMs = 100;

const youngForMs = 3000;
const idleAfterMs = 5000;
const idlePollMs = 1000;
const fastGrowthBytesPerSecond = 50 * 1024 * 1024;
const fastSpawnPerSecond = 10;

export interface Pace {
  /** Whether the run is to be evaluated in the turn at `monoMs`. */
  isDue(monoMs: number): boolean;
  /** What the evaluation at `monoMs` showed, and whether there was output. */
  note(monoMs: number, seen: { figures: ProcessFigures; hadOutput: boolean }): void;
}

/**
 * How often a run is evaluated: at its interval, on turns that it shares with all runs of that interval, so that one pass
 * serves many; in every turn while it is young or near trouble; each second while it does nothing.
 */
export const createPace = (
  limits: { pollIntervalMs: number; maxMemBytes: number | null },
  startedMonoMs: number,
): Pace => {
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
    note: (monoMs, { figures, hadOutput }) => {
      if (hadOutput || figures.cpuPct === null || figures.cpuPct > 0) activeAtMs = monoMs;
      const isIdle = monoMs - activeAtMs >= idleAfterMs;
      const everyMs = isUrgent(monoMs, figures)
        ? turnMs
        : Math.max(limits.pollIntervalMs, isIdle ? idlePollMs : turnMs);
      // Half a turn of slack: a timer that is a little late must not push a run to the turn after.
      dueAtMs = (Math.floor(monoMs / everyMs) + 1) * everyMs - turnMs / 2;
      if (dueAtMs <= monoMs) dueAtMs += everyMs;
      last = { monoMs, rssBytes: figures.rssBytes };
    },
  };
};
