import { createAgentDetectors } from '#detection/agent-detectors';
import { createLineDetectors } from '#detection/line-detectors';
import type { Finding } from '#protocol/judgement';
import type { Redactor } from '#redaction/redact';
import { createAgentLines } from '#sampling/agent-lines';
import { parseRecord } from '#sampling/agent-stream/json-record';
import { LineCutter } from '#sampling/agent-stream/line-cutter';
import { giveBack } from '#sampling/line-columns';
import { createLineTap, type LineTap, type LineTime } from '#sampling/line-tap';
import type { EventSource } from './event-sources.ts';

/** One way to read a stream, with the detectors that belong to it. */
export interface Reading {
  feed(chunk: Buffer): void;
  end(): void;
  /** Every finding of the stream, also those whose episode is over. */
  findings(): readonly Finding[];
  lines(): number;
}

// Columns of some thousand lines stay in the cache; a file read in large pieces is cut to that.
const pieceBytes = 256 * 1024;
// A page of findings is read by nobody; what is forgotten first says least.
const keptFindings = 200;
const rank = { observe: 0, warn: 1, act: 2 } as const;

/** Output lines, each at the time that `clock` gives it; as live, an agent's own records are left to the detectors of events. */
export const createLineReading = (options: {
  readonly redact: Redactor;
  readonly clock: LineTime;
  readonly logWindowLines: number;
  readonly isAgent: () => boolean;
}): Reading => {
  const agentLines = createAgentLines();
  const tap = createLineTap({ firstLine: 1, redact: options.redact, lineTime: options.clock });
  const detectors = createLineDetectors(options);
  const drain = (): void => {
    const batch = tap.take();
    if (batch === null) return;
    detectors.observe(batch);
    giveBack(batch);
  };
  return {
    feed: (chunk) => {
      for (let from = 0; from < chunk.length; from += pieceBytes) {
        const piece = chunk.subarray(from, from + pieceBytes);
        tap.feed('stdout', options.isAgent() ? agentLines.strip(piece) : piece, 0);
        drain();
      }
    },
    end: () => {
      tap.flush(0);
      drain();
    },
    findings: () => detectors.episodes(),
    lines: () => tap.lines,
  };
};

/** Records of `{"t": seconds, "line": text}`: each line with its own time of arrival. */
export const createTimedReading = (options: {
  readonly redact: Redactor;
  readonly logWindowLines: number;
}): Reading => {
  const tap = createLineTap({ firstLine: 1, redact: options.redact });
  const detectors = createLineDetectors(options);
  let atMs = 0;
  const cutter = new LineCutter({
    wants: () => true,
    line: (text) => {
      const record = parseRecord(text);
      if (typeof record?.line !== 'string') return;
      if (typeof record.t === 'number') atMs = record.t * 1000;
      feedLine(tap, record.line, atMs);
      const batch = tap.take();
      if (batch !== null) detectors.observe(batch);
    },
  });
  return {
    feed: (chunk) => cutter.push(chunk, 0),
    end: () => cutter.end(0),
    findings: () => detectors.episodes(),
    lines: () => tap.lines,
  };
};

const feedLine = (tap: LineTap, line: string, atMs: number): void => tap.feed('stdout', Buffer.from(`${line}\n`), atMs);

/** Events of an agent, from whatever source. What was held at any moment is kept with the strongest level it reached. */
export const createEventReading = (source: EventSource): Reading => {
  const detectors = createAgentDetectors();
  // Two sub-agents that repeat themselves are two findings.
  const strongest = new Map<string, Finding>();
  let lastMs = 0;
  const note = (nowMs: number): void => {
    for (const { agent, finding } of detectors.heldBy(nowMs)) {
      const key = `${finding.detector} ${agent}`;
      const known = strongest.get(key);
      if (known === undefined || rank[finding.level] > rank[known.level]) strongest.set(key, finding);
      if (strongest.size > keptFindings) forgetWeakest(strongest);
    }
  };
  const drain = (): void => {
    for (const event of source.take()) {
      detectors.observe([event]);
      lastMs = Math.max(lastMs, event.atMs);
      note(event.atMs);
    }
  };
  return {
    feed: (chunk) => {
      source.feed(chunk, lastMs);
      drain();
    },
    end: () => {
      source.end(lastMs);
      drain();
    },
    findings: () => [...strongest.values()],
    lines: source.lines,
  };
};

const forgetWeakest = (findings: Map<string, Finding>): void => {
  const weakest = [...findings].reduce((least, each) => (rank[each[1].level] < rank[least[1].level] ? each : least));
  findings.delete(weakest[0]);
};
