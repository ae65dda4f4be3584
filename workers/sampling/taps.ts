import type { AgentEvent, AgentKind } from '#protocol/agent-events';
import type { LineBatch, LineMatches } from '#protocol/observations';
import type { OutputStream } from '#protocol/output-index';
import type { Redactor } from '#redaction/redact';
import type { LinePatterns } from './line-patterns.ts';

/** Output to shapes of lines. */
export interface LineTap {
  /** `chunk` belongs to the caller again after the call. */
  feed(stream: OutputStream, chunk: Buffer, atMs: number): void;
  /** Lines since the last call; null when there were none. */
  take(): LineBatch | null;
  /** Lines that fitted a pattern since the last call. */
  takeMatches(): readonly LineMatches[];
  usePatterns(patterns: LinePatterns): void;
  /** No more comes: what has no newline yet is a line too. */
  flush(atMs: number): void;
  readonly lines: number;
  /** Of those, how many wait to be taken. */
  readonly waiting: number;
  readonly lastLine: string | null;
}
export type CreateLineTap = (options: {
  readonly firstLine: number;
  readonly redact: Redactor;
  readonly patterns?: LinePatterns;
}) => LineTap;

/** Output to what an agent did, once its stream is recognised. */
export interface AgentTap {
  /** `chunk` belongs to the caller again after the call. */
  feed(stream: OutputStream, chunk: Buffer, atMs: number): void;
  take(): readonly AgentEvent[];
  flush(atMs: number): void;
  /** null while the stream is not that of an agent we know. */
  readonly agentKind: AgentKind | null;
}
export type CreateAgentTap = (options: {
  readonly redact: Redactor;
  readonly model: string | null;
  /** `record` takes the time that records carry, for files that are read late. */
  readonly clock?: 'arrival' | 'record';
}) => AgentTap;
