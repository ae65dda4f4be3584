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

/** What all reports of one detector have in common. */
export interface EpisodeKind {
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

/** One report from the first sighting until a minute after the last. The level only rises; it keeps where it rose. */
export class Episode {
  readonly #kind: EpisodeKind;
  #held: Held | null = null;

  constructor(kind: EpisodeKind) {
    this.#kind = kind;
  }

  see(sighting: Sighting): void {
    const before = this.#held;
    const isNew = before === null || isOver(before, sighting.atMs);
    if (before !== null && isNew && isCooling(before, sighting.atMs) && sighting.level !== 'act') return;
    const held = isNew ? null : before;
    const reached = held === null || rises(sighting, held) ? sighting : held.reached;
    this.#held = { reached, latest: sighting, firstAtMs: held?.firstAtMs ?? sighting.atMs, lostAtMs: null };
  }

  /** The pattern is not there any more. */
  lose(atMs: number): void {
    if (this.#held !== null && this.#held.lostAtMs === null) this.#held = { ...this.#held, lostAtMs: atMs };
  }

  finding(nowMs: number): Finding | null {
    const held = this.#held;
    if (held === null || isOver(held, nowMs)) return null;
    const { level, atLine, atMs } = held.reached;
    const { count, period, hard } = held.latest;
    return {
      detector: this.#kind.detector,
      level,
      atLine,
      atMs,
      count,
      period,
      hard,
      evidence: evidenceOf(this.#kind, held),
    };
  }
}

const isOver = ({ lostAtMs }: Held, nowMs: number): boolean => lostAtMs !== null && nowMs - lostAtMs >= keepMs;

const isCooling = ({ lostAtMs }: Held, nowMs: number): boolean =>
  lostAtMs !== null && nowMs - lostAtMs < keepMs + coolDownMs;

const rises = (sighting: Sighting, { reached }: Held): boolean => levelRank[sighting.level] > levelRank[reached.level];

const evidenceOf = ({ masked, progressLookedFor }: EpisodeKind, { latest, firstAtMs }: Held): Evidence => ({
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

export const maskedInAgents = [
  'times',
  'durations',
  'ids',
  'ports picked by the system',
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
