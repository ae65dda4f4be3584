import type { AgentKind } from '#protocol/agent-events';
import type { EventWriter } from './event-writer.ts';
import type { JsonRecord } from './json-record.ts';

/** Reads one agent's stream: JSON records, and the text lines between them. Unknown records are passed over. */
export interface StreamParser {
  record(record: JsonRecord, atMs: number): void;
  line?(line: string, atMs: number): void;
  /** The stream is over (or silent): say what was held back. */
  end?(atMs: number): void;
}

export type ParserFactory = (writer: EventWriter, origin: ParserOrigin) => StreamParser;

export interface ParserOrigin {
  readonly agentKind: AgentKind;
  /** The model to name where the stream does not. */
  readonly model: string | null;
}
