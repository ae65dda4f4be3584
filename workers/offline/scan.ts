import { type Verdict, verdictOf } from '#detection/verdict';
import { assertNever } from '#protocol/assert-never';
import type { Evidence, Finding, FindingLevel } from '#protocol/judgement';
import type { Redactor } from '#redaction/redact';
import { agentSource, eventsSource, textSource } from './event-sources.ts';
import { createEventReading, createLineReading, createTimedReading, type Reading } from './readings.ts';
import { clockOf, sniffBytes, sniffFormat } from './scan-formats.ts';

export const scanFormats = ['auto', 'lines', 'timed-lines', 'text', 'agent', 'events'] as const;
export type ScanFormat = (typeof scanFormats)[number];

/** A job that says so much is busy but not flooding; a build that prints a page of equal warnings stays one breath. */
export const defaultLinesPerSecond = 20;

export interface ScanOptions {
  readonly format: ScanFormat;
  /** Lines per second where the stream has no clock of its own. */
  readonly linesPerSecond: number;
  readonly redact: Redactor;
  /** Fewest lines that a repetition must cover. */
  readonly logWindowLines: number;
}

export interface ScanFinding {
  readonly detector: string;
  readonly level: FindingLevel;
  readonly atLine: number | null;
  readonly atMs: number;
  readonly count: number | null;
  readonly period: number | null;
  readonly evidence: Evidence;
}

export interface ScanResult {
  readonly level: Verdict;
  readonly findings: readonly ScanFinding[];
  readonly lines: number;
  readonly bytes: number;
  readonly tookMs: number;
}

/** One stream being scanned: the detectors that run live, fed from a file. */
export interface Scan {
  feed(chunk: Buffer): void;
  finish(): ScanResult;
}

/** Starts a scan. Feed it whole or in pieces of any size; the findings are the same. */
export const createScan = (options: ScanOptions): Scan => new StreamScan(options);

class StreamScan implements Scan {
  private readonly options: ScanOptions;
  private readonly startedAtMs = performance.now();
  private head: Buffer[] = [];
  private headBytes = 0;
  private readings: readonly Reading[] | null = null;
  private bytes = 0;

  constructor(options: ScanOptions) {
    this.options = options;
  }

  feed(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.readings !== null) {
      for (const reading of this.readings) reading.feed(chunk);
      return;
    }
    // The first bytes are copied: the caller may use its buffer again before the format is known.
    this.head.push(Buffer.from(chunk));
    this.headBytes += chunk.length;
    if (this.headBytes >= sniffBytes) this.begin();
  }

  finish(): ScanResult {
    const readings = this.readings ?? this.begin();
    for (const reading of readings) reading.end();
    const findings = readings.flatMap((reading) => reading.findings());
    return {
      level: verdictOf(findings),
      findings: findings.map(shownOf),
      lines: Math.max(0, ...readings.map((reading) => reading.lines())),
      bytes: this.bytes,
      tookMs: Math.round(performance.now() - this.startedAtMs),
    };
  }

  private begin(): readonly Reading[] {
    const head = Buffer.concat(this.head);
    this.head = [];
    const readings = readingsOf(this.options, head);
    for (const reading of readings) reading.feed(head);
    this.readings = readings;
    return readings;
  }
}

const readingsOf = (options: ScanOptions, head: Buffer): readonly Reading[] => {
  const { redact, linesPerSecond, logWindowLines } = options;
  const format = options.format === 'auto' ? sniffFormat(head) : options.format;
  switch (format) {
    case 'lines': {
      const clock = clockOf(head, linesPerSecond);
      if (options.format === 'lines')
        return [createLineReading({ redact, clock, logWindowLines, isAgent: () => false })];
      // Live, both look at the same bytes; an agent's stream shows itself, anything else gives no events.
      const agent = agentSource(redact);
      return [createEventReading(agent), createLineReading({ redact, clock, logWindowLines, isAgent: agent.isAgent })];
    }
    case 'timed-lines':
      return [createTimedReading({ redact, logWindowLines })];
    case 'text':
      return [createEventReading(textSource(redact))];
    case 'agent':
      return [createEventReading(agentSource(redact))];
    case 'events':
      return [createEventReading(eventsSource(redact))];
    default:
      return assertNever(format);
  }
};

const shownOf = ({ detector, level, atLine, atMs, count, period, evidence }: Finding): ScanFinding => ({
  detector,
  level,
  atLine,
  atMs,
  count,
  period,
  evidence,
});
