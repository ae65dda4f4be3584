import type { AgentEvent, AgentKind } from '#protocol/agent-events';
import type { Redactor } from '#redaction/redact';
import { looksLikeAider } from './agent-stream/aider.ts';
import { createEventWriter, type EventWriter } from './agent-stream/event-writer.ts';
import { aider, type Dialect, identify } from './agent-stream/identify.ts';
import { type JsonRecord, parseRecord, textAt } from './agent-stream/json-record.ts';
import { LineCutter } from './agent-stream/line-cutter.ts';
import { stripAnsi } from './agent-stream/mask-volatile.ts';
import { createRecordJoiner } from './agent-stream/record-joiner.ts';
import type { StreamParser } from './agent-stream/stream-parser.ts';

/** Reads what a job prints and, if it is an agent's stream, says it as events. Finds out by itself which agent it is. */
export interface AgentTap {
  feed(stream: 'stdout' | 'stderr', chunk: Buffer, atMs: number): void;
  /** The events since the last take, in order. */
  take(): readonly AgentEvent[];
  /** The stream is over: the last line counts though no newline ended it. */
  flush(atMs: number): void;
  /** Lines that have ended so far, on both streams. */
  readonly lines: number;
  /** null until the stream has shown itself to be an agent's. */
  readonly agentKind: AgentKind | null;
}

export interface AgentTapOptions {
  readonly redact: Redactor;
  /** The model to price tokens with where the stream does not name one. */
  readonly model: string | null;
  /** `record` takes the time that records carry, for files that are read long after; the default is the arrival. */
  readonly clock?: 'arrival' | 'record';
}

// A program that logs JSON of its own is not parsed for ever: after so many foreign or broken records the tap stops asking.
const foreignRecords = 400;
// A first record hides within its line's first bytes (after escape codes, or a prefix of a few words).
// Agents say who they are when they begin. What has printed so much before is a program, and may at most start one: then
// only a JSON record still tells it.
const introductionBytes = 1024 * 1024;
const noEvents: readonly AgentEvent[] = [];
const candidates = [0x7b, 0x1b, 0x41, 0x54];

export const createAgentTap = ({ redact, model, clock = 'arrival' }: AgentTapOptions): AgentTap => {
  let dialect: Dialect | null = null;
  // Made when an agent is recognised: most runs are none.
  let writer: EventWriter | null = null;
  let parser: StreamParser | null = null;
  let foreign = 0;
  let bytes = 0;

  const adopt = (found: Dialect): StreamParser => {
    dialect = found;
    writer = createEventWriter(redact);
    writer.onLine(countLines());
    parser = found.parser(writer, { agentKind: found.agentKind, model });
    return parser;
  };
  const tryRecord = (text: string): JsonRecord | null => {
    const record = parseRecord(text);
    if (record === null) foreign++;
    return record;
  };
  const readRecord = (record: JsonRecord, arrivalMs: number) => {
    writer?.onLine(countLines());
    const atMs = clock === 'record' ? (recordTime(record) ?? arrivalMs) : arrivalMs;
    if (parser !== null) return parser.record(record, atMs);
    const found = identify(record);
    if (found !== null) return adopt(found).record(record, atMs);
    foreign++;
  };
  const readText = (line: string, atMs: number): void => {
    writer?.onLine(countLines());
    if (parser === null && looksLikeAider(stripAnsi(line))) adopt(aider);
    parser?.line?.(line, atMs);
  };
  const openStream = (): LineCutter => {
    const joiner = createRecordJoiner(tryRecord, readRecord, readText);
    return new LineCutter({
      wants: (firstByte) => dialect !== null || (foreign < foreignRecords && candidates.includes(firstByte)),
      line: joiner.line,
    });
  };
  const streams = { stdout: openStream(), stderr: openStream() };
  const countLines = (): number => streams.stdout.lines + streams.stderr.lines;

  return {
    feed: (stream, chunk, atMs) => {
      bytes += chunk.length;
      if (dialect === null && bytes > introductionBytes) streams[stream].skim(chunk, '{"', atMs);
      else streams[stream].push(chunk, atMs);
    },
    take: () => writer?.take() ?? noEvents,
    flush: (atMs) => {
      streams.stdout.end(atMs);
      streams.stderr.end(atMs);
      parser?.end?.(atMs);
    },
    get lines() {
      return countLines();
    },
    get agentKind() {
      return dialect?.agentKind ?? null;
    },
  };
};

const recordTime = (record: JsonRecord): number | null => {
  const value = record.timestamp;
  if (typeof value === 'number') return value;
  const parsed = Date.parse(textAt(record, 'timestamp') ?? '');
  return Number.isNaN(parsed) ? null : parsed;
};
