import type { AgentEvent } from '#protocol/agent-events';
import type { Redactor } from '#redaction/redact';
import { createEventWriter } from './event-writer.ts';
import { countAt, idAt, type JsonRecord, numberAt, proseOf, recordAt, textAt } from './json-record.ts';

export interface NormalisedReader {
  /** One normalised event, as parsed from its JSON line. */
  read(record: JsonRecord, atMs: number): void;
  /** The line that the next record stands on, where there is one; otherwise records are counted. */
  onLine(line: number): void;
  take(): readonly AgentEvent[];
  /** The list is over: what is open is closed. */
  end(atMs: number): void;
}

/**
 * Reads events that somebody has normalised already: `{"t":"tool_call","id","name","args"}`, `tool_result`,
 * `assistant_text`, `thought`, `usage`, `context_compaction`, `approval_pending`, `stream_retry`, `round`, `turn_end`,
 * `user_message`, `fatal`. A `run` on a call names the session it belongs to; another one begins anew.
 */
export const createNormalisedReader = ({
  redact,
  model,
}: {
  readonly redact: Redactor;
  readonly model: string | null;
}): NormalisedReader => {
  const writer = createEventWriter(redact);
  let round: number | null = null;
  let run: string | null = null;
  let usages = 0;
  let line = 0;

  const readCall = (record: JsonRecord, atMs: number, agent: string): void => {
    const named = textAt(record, 'run');
    if (named !== null && named !== run) {
      writer.at(atMs, 'main');
      if (run !== null) writer.started('chat', model);
      run = named;
      writer.at(atMs, agent);
    }
    const given = idAt(record, 'round') ?? (round === null ? null : String(round));
    writer.called({
      callId: textAt(record, 'id') ?? '',
      round: given,
      tool: textAt(record, 'name') ?? 'unknown',
      args: record.args,
    });
  };

  const readUsage = (record: JsonRecord): void => {
    const cache = record.cache;
    const usage = {
      input: countAt(record, 'in'),
      output: countAt(record, 'out'),
      cacheRead: typeof cache === 'number' ? cache : countAt(recordAt(record, 'cache'), 'read'),
      cacheWrite5m: countAt(recordAt(record, 'cache'), 'write'),
      cacheWrite1h: 0,
    };
    const id = textAt(record, 'id') ?? `usage-${++usages}`;
    writer.used(id, usage, { model: textAt(record, 'model') ?? model, reportedUsd: numberAt(record, 'cost') });
  };

  return {
    read: (record, arrivalMs) => {
      const seconds = numberAt(record, 'at');
      const atMs = seconds === null ? arrivalMs : seconds * 1_000;
      const agent = textAt(record, 'agent') ?? 'main';
      writer.at(atMs, agent);
      writer.onLine(++line);
      switch (textAt(record, 't')) {
        case 'round':
          round = (round ?? 0) + 1;
          return writer.noted('turn-started');
        case 'tool_call':
          return readCall(record, atMs, agent);
        case 'tool_result':
          return writer.returned({
            callId: textAt(record, 'id') ?? '',
            ok: record.ok !== false,
            output: proseOf(record.output),
          });
        case 'assistant_text':
          return writer.said(textAt(record, 'text') ?? '', { thought: false });
        case 'thought':
          return writer.said(textAt(record, 'text') ?? '', { thought: true });
        case 'usage':
          return readUsage(record);
        case 'context_compaction':
          return writer.noted('context-compacted');
        case 'approval_pending':
          return writer.asked(proseOf(record.text));
        case 'stream_retry':
          return writer.noted('stream-retried');
        case 'user_message':
          return writer.heard(textAt(record, 'text') ?? '');
        case 'turn_end':
          return writer.noted('turn-ended');
        case 'agent_start':
          return writer.spawned(textAt(record, 'child') ?? textAt(record, 'id') ?? '');
        case 'agent_end':
          return writer.agentFinished(textAt(record, 'child') ?? textAt(record, 'id') ?? '');
        case 'api_error':
          return writer.requestFailed(proseOf(record.text ?? record.message), numberAt(record, 'status'));
        case 'fatal':
          return writer.finished(false, proseOf(record.text));
        case 'done':
          return writer.finished(true, proseOf(record.text));
        default:
          return;
      }
    },
    onLine: (next) => {
      line = next - 1;
    },
    take: writer.take,
    end: (atMs) => {
      writer.at(atMs, 'main');
      writer.noted('turn-ended');
    },
  };
};
