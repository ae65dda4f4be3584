import type { Evidence, Finding, FindingLevel } from '#protocol/judgement';

export const levelRank: Readonly<Record<FindingLevel, 1 | 2 | 3>> = { observe: 1, warn: 2, act: 3 };

/** The pattern is there, at this level, as of this event. */
export interface Sighting {
  readonly level: FindingLevel;
  /**
   * May act alone: a flood, a limit, or two signs in one (the same was asked AND the same came back). Where results were
   * not seen, or a silent process may still be at work, it needs company.
   */
  readonly hard: boolean;
  readonly atLine: number;
  readonly atMs: number;
  readonly count: number;
  readonly period: number | null;
  readonly summary: string;
  readonly unit: string;
  /** Redacted already; empty ones are left out. */
  readonly samples: readonly string[];
}

/** One report from the first sighting until a minute after the last. The level only rises; it keeps where it rose. */
export interface Episode {
  see(sighting: Sighting): void;
  /** The pattern is not there any more. */
  lose(atMs: number): void;
  finding(nowMs: number): Finding | null;
}

export interface EpisodeOptions {
  readonly detector: string;
  readonly masked: readonly string[];
  readonly progressLookedFor: readonly string[];
}

// A pattern that pauses and comes back within a minute is the same trouble; and for as long again after it was over, it
// has to reach "act" to be news.
const keepMs = 60_000;
const coolDownMs = 60_000;

interface Held {
  readonly reached: Sighting;
  readonly latest: Sighting;
  readonly firstAtMs: number;
  readonly lostAtMs: number | null;
}

export const createEpisode = ({ detector, masked, progressLookedFor }: EpisodeOptions): Episode => {
  let held: Held | null = null;

  const isOver = (nowMs: number): boolean => held !== null && held.lostAtMs !== null && nowMs - held.lostAtMs >= keepMs;
  const isCooling = (nowMs: number): boolean =>
    held !== null && held.lostAtMs !== null && nowMs - held.lostAtMs < keepMs + coolDownMs;
  const evidenceOf = ({ latest, firstAtMs }: Held): Evidence => ({
    summary: latest.summary,
    samples: latest.samples.filter((sample) => sample !== '').slice(0, 4),
    unit: latest.unit,
    period: latest.period,
    count: latest.count,
    firstAtMs,
    lastAtMs: latest.atMs,
    masked,
    progressLookedFor,
  });

  return {
    see: (sighting) => {
      if (held !== null && isOver(sighting.atMs)) {
        if (isCooling(sighting.atMs) && sighting.level !== 'act') return;
        held = null;
      }
      const rises = held === null || levelRank[sighting.level] > levelRank[held.reached.level];
      const reached = rises || held === null ? sighting : held.reached;
      held = { reached, latest: sighting, firstAtMs: held?.firstAtMs ?? sighting.atMs, lostAtMs: null };
    },
    lose: (atMs) => {
      if (held !== null && held.lostAtMs === null) held = { ...held, lostAtMs: atMs };
    },
    finding: (nowMs) => {
      if (held === null || isOver(nowMs)) return null;
      const { level, atLine, atMs } = held.reached;
      const { count, period, hard } = held.latest;
      return { detector, level, atLine, atMs, count, period, hard, evidence: evidenceOf(held) };
    },
  };
};

export const maskedInAgents = [
  'times',
  'durations',
  'ids',
  'temporary paths',
  'key order',
  'bookkeeping arguments',
] as const;
export const lookedForInAgents = [
  'a changed result',
  'another call',
  'a change to the workspace',
  'a word from the user',
] as const;
