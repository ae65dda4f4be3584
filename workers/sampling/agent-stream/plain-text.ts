import type { AgentEvent } from '#protocol/agent-events';
import type { Redactor } from '#redaction/redact';
import { createEventWriter } from './event-writer.ts';

/** Reads a model's raw text stream, which has no envelope: only its tail can go wrong. */
export const createPlainTextReader = (
  redact: Redactor,
): { push(text: string, atMs: number): void; end(atMs: number): void; take(): readonly AgentEvent[] } => {
  const writer = createEventWriter(redact);
  let lines = 1;
  return {
    push: (text, atMs) => {
      writer.at(atMs, 'main');
      lines += text.split('\n').length - 1;
      writer.onLine(lines);
      writer.streamed(text);
    },
    end: (atMs) => {
      writer.at(atMs, 'main');
      writer.messageEnded();
    },
    take: writer.take,
  };
};
