import type { Evidence, Finding, FindingLevel } from '#protocol/judgement';

/** What a detector sees of its pattern at the newest line. */
export interface Sighting {
  readonly level: FindingLevel;
  readonly atLine: number;
  readonly atMs: number;
  readonly count: number;
  readonly period: number;
  readonly firstAtMs: number;
}

/** How a detector puts a sighting into words, and where it finds the lines to show. */
export interface Report {
  describe(sighting: Sighting, samples: readonly string[]): Evidence;
  samples(sighting: Sighting): readonly string[];
}

// A pattern that comes back within a minute is the same trouble: one report.
const coolDownMs = 60_000;
const kept = 16;
const rank = { observe: 0, warn: 1, act: 2 } as const;

/** One report per episode: the level only climbs, and every level says at which line it was reached. */
export class Episodes {
  private readonly detector: string;
  private readonly reports: Report;
  private readonly past: Finding[] = [];
  private current: { finding: Finding; last: Sighting; readonly climbed: Finding[] } | null = null;

  constructor(detector: string, reports: Report) {
    this.detector = detector;
    this.reports = reports;
  }

  see(sighting: Sighting): void {
    const { current } = this;
    if (current === null || sighting.atMs - current.last.atMs > coolDownMs) {
      this.close();
      this.current = { finding: this.report(sighting), last: sighting, climbed: [] };
      return;
    }
    current.last = sighting;
    if (rank[sighting.level] <= rank[current.finding.level]) return;
    if (current.finding.level === 'warn') current.climbed.push(current.finding);
    current.finding = this.report(sighting);
  }

  /** The open episode: its level and place as reached, its count and evidence as of its newest sighting. */
  open(nowMs: number): Finding | null {
    const { current } = this;
    if (current === null || nowMs - current.last.atMs > coolDownMs) return null;
    return this.renewed(current);
  }

  /** What every episode so far came to, closed or open: its warning and its act, the newest sixteen. */
  all(): readonly Finding[] {
    return this.current === null ? this.past : [...this.past, ...this.current.climbed, this.renewed(this.current)];
  }

  get bytes(): number {
    return (this.past.length + 1) * 1200;
  }

  private renewed(current: { finding: Finding; last: Sighting }): Finding {
    const { finding, last } = current;
    return {
      ...finding,
      count: last.count,
      period: last.period,
      evidence: this.reports.describe(last, finding.evidence.samples),
    };
  }

  private close(): void {
    if (this.current === null) return;
    if (this.current.finding.level !== 'observe') this.past.push(...this.current.climbed, this.renewed(this.current));
    while (this.past.length > kept) this.past.shift();
    this.current = null;
  }

  private report(sighting: Sighting): Finding {
    return {
      detector: this.detector,
      level: sighting.level,
      atLine: sighting.atLine,
      atMs: sighting.atMs,
      count: sighting.count,
      period: sighting.period,
      hard: false,
      // The lines are at hand now; a minute later they may be gone.
      evidence: this.reports.describe(sighting, this.reports.samples(sighting)),
    };
  }
}
