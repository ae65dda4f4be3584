import type { AgentEvent } from '#protocol/agent-events';
import type { Redactor } from '#redaction/redact';
import { parseRecord } from '#sampling/agent-stream/json-record';
import { createLineCutter } from '#sampling/agent-stream/line-cutter';
import { createNormalisedReader } from '#sampling/agent-stream/normalised-events';
import { createPlainTextReader } from '#sampling/agent-stream/plain-text';
import { createAgentTap } from '#sampling/agent-tap';

/** Bytes in, agent events out. */
export interface EventSource {
  feed(chunk: Buffer, atMs: number): void;
  end(atMs: number): void;
  take(): readonly AgentEvent[];
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
    isAgent: () => tap.agentKind !== null,
  };
};

/** Events that were normalised before, one JSON record a line. */
export const eventsSource = (redact: Redactor): EventSource => {
  const reader = createNormalisedReader({ redact, model: null });
  const cutter = createLineCutter({
    wants: () => true,
    line: (line, atMs) => {
      const record = parseRecord(line);
      if (record !== null) reader.read(record, atMs);
    },
  });
  return {
    feed: cutter.push,
    end: (atMs) => {
      cutter.end(atMs);
      reader.end(atMs);
    },
    take: reader.take,
    isAgent: () => true,
  };
};

/** What a model says, without any envelope. */
export const textSource = (redact: Redactor): EventSource => {
  const reader = createPlainTextReader(redact);
  const decoder = new TextDecoder();
  return {
    feed: (chunk, atMs) => reader.push(decoder.decode(chunk, { stream: true }), atMs),
    end: (atMs) => {
      reader.push(decoder.decode(), atMs);
      reader.end(atMs);
    },
    take: reader.take,
    isAgent: () => true,
  };
};
