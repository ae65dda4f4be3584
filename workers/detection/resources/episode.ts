import { type Evidence, type Finding, type FindingLevel, findingLevels } from '#protocol/judgement';

/** One finding from its beginning to its end. */
export interface Episode {
  /** `level` null: nothing to see now. The end comes only after that lasted, so that a flicker is not a new episode. */
  update(level: FindingLevel | null, at: { atMs: number; monoMs: number }, tell: () => EpisodeEvidence): void;
  findings(): readonly Finding[];
}

export interface EpisodeEvidence {
  readonly summary: string;
  readonly unit: string;
  readonly count?: number;
  readonly progressLookedFor?: readonly string[];
}

const closesAfterMs = 10_000;

export const createEpisode = (detector: string, { hard }: { hard: boolean }): Episode => {
  let held: Finding | null = null;
  let seenAtMs = 0;
  const reach = (
    level: FindingLevel,
    { firstAtMs, atMs }: { firstAtMs: number; atMs: number },
    told: EpisodeEvidence,
  ): void => {
    const count = told.count ?? null;
    const evidence: Evidence = {
      summary: told.summary,
      samples: [],
      unit: told.unit,
      period: null,
      count,
      firstAtMs,
      lastAtMs: atMs,
      masked: [],
      progressLookedFor: told.progressLookedFor ?? [],
    };
    held = { detector, level, atLine: null, atMs, count, period: null, hard, evidence };
  };
  return {
    update: (level, { atMs, monoMs }, tell) => {
      const isLess = level === null || (held !== null && rank(level) < rank(held.level));
      if (isLess && (held === null || monoMs - seenAtMs < closesAfterMs)) return;
      seenAtMs = monoMs;
      if (level === null) held = null;
      else if (held?.level === level) held = { ...held, evidence: { ...held.evidence, lastAtMs: atMs } };
      else reach(level, { firstAtMs: held?.evidence.firstAtMs ?? atMs, atMs }, tell());
    },
    findings: () => (held === null ? [] : [held]),
  };
};

const rank = (level: FindingLevel): number => findingLevels.indexOf(level);

/** 0 none, 1 observe, 2 warn, 3 act: a level as signals tell it. */
export const levelNumber = (findings: readonly Finding[]): number =>
  findings.reduce((most, finding) => Math.max(most, rank(finding.level) + 1), 0);
