import type { AgentEvent } from '#protocol/agent-events';
import type { Redactor } from '#redaction/redact';
import { parseRecord } from '#sampling/agent-stream/json-record';
import { LineCutter } from '#sampling/agent-stream/line-cutter';
import { createNormalisedReader } from '#sampling/agent-stream/normalised-events';
import { createPlainTextReader } from '#sampling/agent-stream/plain-text';
import { createAgentTap } from '#sampling/agent-tap';

const newline = 0x0a;

/** Bytes in, agent events out. */
export interface EventSource {
  feed(chunk: Buffer, atMs: number): void;
  end(atMs: number): void;
  take(): readonly AgentEvent[];
  lines(): number;
  /** True once the stream has shown itself to be an agent's. */
  isAgent(): boolean;
}

/** The stream of a command-line agent; what is no agent's stream gives no events. */
export const agentSource = (redact: Redactor): EventSource => {
  const tap = createAgentTap({ redact, model: null, clock: 'record' });
  return {
    feed: (chunk, atMs) => tap.feed('stdout', chunk, atMs),
    end: tap.flush,
    take: tap.take,
    lines: () => tap.lines,
    isAgent: () => tap.agentKind !== null,
  };
};

/** Events that were normalised before, one JSON record a line. */
export const eventsSource = (redact: Redactor): EventSource => {
  const reader = createNormalisedReader({ redact, model: null });
  const cutter = new LineCutter({
    wants: () => true,
    line: (line, atMs) => {
      const record = parseRecord(line);
      reader.onLine(cutter.lines);
      if (record !== null) reader.read(record, atMs);
    },
  });
  return {
    feed: (chunk, atMs) => cutter.push(chunk, atMs),
    end: (atMs) => {
      cutter.end(atMs);
      reader.end(atMs);
    },
    take: reader.take,
    lines: () => cutter.lines,
    isAgent: () => true,
  };
};

/** What a model says, without any envelope. */
export const textSource = (redact: Redactor): EventSource => {
  const reader = createPlainTextReader(redact);
  const decoder = new TextDecoder();
  let lines = 0;
  let isMidLine = false;
  return {
    feed: (chunk, atMs) => {
      for (const byte of chunk) if (byte === newline) lines++;
      isMidLine = chunk.length > 0 ? chunk.at(-1) !== newline : isMidLine;
      reader.push(decoder.decode(chunk, { stream: true }), atMs);
    },
    end: (atMs) => {
      reader.push(decoder.decode(), atMs);
      reader.end(atMs);
    },
    take: reader.take,
    lines: () => lines + (isMidLine ? 1 : 0),
    isAgent: () => true,
  };
};
