import { createCumulativeUsage } from './codex-usage.ts';
import { type JsonRecord, numberAt, parseRecord, proseOf, recordAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

/** Codex session files: `{timestamp, type, payload}`. A sub-agent's file begins with a replay of its parent's history. */
export const parseCodexSession: ParserFactory = (writer, { agentKind, model: givenModel }) => {
  const countedUsage = createCumulativeUsage();
  let model = givenModel;
  let agent = 'main';
  let round = 0;

  const readMeta = (payload: JsonRecord) => {
    const isChild = recordAt(payload, 'source').subagent !== undefined || textAt(payload, 'forked_from_id') !== null;
    // A replayed history repeats its parent's header too: the first header says whose file it is.
    if (agent === 'main' && isChild) agent = textAt(payload, 'id') ?? 'child';
    writer.started(agentKind, model);
  };

  const readItem = (item: JsonRecord) => {
    const callId = textAt(item, 'call_id') ?? '';
    switch (textAt(item, 'type')) {
      case 'message':
        if (textAt(item, 'role') === 'assistant') return writer.said(proseOf(item.content), { thought: false });
        if (textAt(item, 'role') === 'user') return writer.heard(proseOf(item.content));
        return;
      case 'reasoning':
        return writer.said(proseOf(item.summary), { thought: true });
      case 'function_call':
      case 'custom_tool_call':
        return writer.called({
          callId,
          round: String(round),
          tool: textAt(item, 'name') ?? 'unknown',
          args: item.arguments ?? item.input,
        });
      case 'local_shell_call':
        return writer.called({ callId, round: String(round), tool: 'shell', args: recordAt(item, 'action') });
      case 'function_call_output':
      case 'custom_tool_call_output':
        round++;
        return writer.returned({ callId, ...outputOf(item.output) });
      default:
        return;
    }
  };

  const readTokens = (info: JsonRecord) => {
    const total = recordAt(info, 'total_token_usage');
    // The running total names the count: the same total in a replay, or in two files of one session, is the same tokens.
    const id = ['input_tokens', 'cached_input_tokens', 'output_tokens']
      .map((key) => numberAt(total, key) ?? 0)
      .join('/');
    writer.used(`total:${id}`, countedUsage(total), { model, reportedUsd: null });
  };

  const readMessage = (message: JsonRecord) => {
    switch (textAt(message, 'type')) {
      case 'token_count':
        return readTokens(recordAt(message, 'info'));
      case 'task_started':
        return writer.noted('turn-started');
      case 'task_complete':
        return writer.noted('turn-ended');
      case 'context_compacted':
        return writer.noted('context-compacted');
      case 'stream_error':
      case 'error':
        return writer.requestFailed(textAt(message, 'message') ?? 'error', null);
      case 'exec_approval_request':
      case 'apply_patch_approval_request':
        return writer.asked(textAt(message, 'type') ?? 'approval');
      default:
        return;
    }
  };

  return {
    record: (record, atMs) => {
      const payload = recordAt(record, 'payload');
      if (textAt(record, 'type') === 'session_meta') readMeta(payload);
      writer.at(atMs, agent);
      if (textAt(record, 'type') === 'turn_context') model = textAt(payload, 'model') ?? model;
      if (textAt(record, 'type') === 'response_item') readItem(payload);
      if (textAt(record, 'type') === 'event_msg') readMessage(payload);
      if (textAt(record, 'type') === 'compacted') writer.noted('context-compacted');
    },
  };
};

/** An output is text, or JSON text that holds the output and its exit code. */
const outputOf = (value: unknown): { readonly ok: boolean; readonly output: string } => {
  const text = proseOf(value);
  const envelope = text.startsWith('{') ? parseRecord(text) : null;
  const code = numberAt(recordAt(envelope ?? {}, 'metadata'), 'exit_code') ?? exitCodeIn(text);
  const output = envelope === null ? text : (textAt(envelope, 'output') ?? text);
  return { ok: code === null || code === 0, output };
};

const exitCodeIn = (text: string): number | null => {
  const found = /^(?:Process exited with code|Exit code:) (\d+)/m.exec(text.slice(0, 400));
  return found === null ? null : Number(found[1]);
};
