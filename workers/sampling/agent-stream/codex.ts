import { createTurnUsage } from './codex-usage.ts';
import { isRecord, type JsonRecord, numberAt, proseOf, recordAt, recordsAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

/** `codex exec --json`: threads, turns and items. */
export const parseCodex: ParserFactory = (writer, { agentKind, model }) => {
  let countedUsage = createTurnUsage();
  const open = new Set<string>();
  let thread = '';
  let turns = 0;
  let edits = 0;

  const begin = (item: JsonRecord, id: string) => {
    const call = callOfItem(item);
    if (call === null || open.has(id)) return;
    open.add(id);
    // Of an edit only the path is told: two that were made are two edits, two that were refused are the same refusal.
    const args = isFileChange(item) && succeeded(item) ? { changes: item.changes, edit: ++edits } : call.args;
    writer.called({ callId: id, round: null, tool: call.tool, args });
    if (call.tool === 'spawn_agent') for (const child of namesAt(item, 'receiver_thread_ids')) writer.spawned(child);
  };

  const readItem = (item: JsonRecord, isDone: boolean) => {
    const id = textAt(item, 'id') ?? '';
    const kind = kindOf(item);
    if (callOfItem(item) !== null) {
      // Whether an edit was made shows at its end.
      if (isFileChange(item) && !isDone) return;
      begin(item, id);
      if (!isDone) return;
      open.delete(id);
      return writer.returned({ callId: id, ok: succeeded(item), output: outputOf(item) });
    }
    if (!isDone) return;
    if (kind === 'agent_message' || kind === 'assistant_message')
      return writer.said(textAt(item, 'text') ?? '', { thought: false });
    if (kind === 'reasoning') return writer.said(textAt(item, 'text') ?? '', { thought: true });
    if (kind === 'context_compaction') return writer.noted('context-compacted');
    if (kind === 'error') return writer.requestFailed(textAt(item, 'message') ?? 'error', null);
  };

  return {
    record: (record, atMs) => {
      writer.at(atMs, 'main');
      switch (textAt(record, 'type')) {
        case 'thread.started':
          if (thread !== textAt(record, 'thread_id')) countedUsage = createTurnUsage();
          thread = textAt(record, 'thread_id') ?? '';
          return writer.started(agentKind, model);
        case 'turn.started':
          // Items are numbered anew in a resumed thread; what the turn before left open is not this one's.
          open.clear();
          return writer.noted('turn-started');
        case 'item.started':
        case 'item.updated':
          return readItem(recordAt(record, 'item'), false);
        case 'item.completed':
          return readItem(recordAt(record, 'item'), true);
        case 'turn.completed':
          writer.used(`${thread}:turn-${++turns}`, countedUsage(recordAt(record, 'usage')), {
            model,
            reportedUsd: null,
          });
          writer.noted('turn-ended');
          return writer.finished(true, '');
        case 'turn.failed':
          writer.requestFailed(proseOf(recordAt(record, 'error').message) || 'turn failed', null);
          return writer.finished(false, proseOf(recordAt(record, 'error').message));
        case 'error':
          return writer.requestFailed(textAt(record, 'message') ?? 'error', null);
        default:
          return;
      }
    },
  };
};

const namesAt = (record: JsonRecord, key: string): readonly string[] => {
  const value = record[key];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
};

const kindOf = (item: JsonRecord): string | null => textAt(item, 'type') ?? textAt(item, 'item_type');
const isFileChange = (item: JsonRecord): boolean => kindOf(item) === 'file_change';

const callOfItem = (item: JsonRecord): { readonly tool: string; readonly args: unknown } | null => {
  switch (kindOf(item)) {
    case 'command_execution':
      return { tool: 'shell', args: { command: item.command } };
    case 'file_change':
      return { tool: 'apply_patch', args: { changes: item.changes } };
    case 'mcp_tool_call':
      return { tool: `${textAt(item, 'server') ?? 'mcp'}.${textAt(item, 'tool') ?? 'tool'}`, args: item.arguments };
    case 'web_search':
      return { tool: 'web_search', args: { query: item.query } };
    case 'collab_tool_call':
      return {
        tool: textAt(item, 'tool') ?? 'collab',
        args: { prompt: item.prompt, agents: item.receiver_thread_ids },
      };
    default:
      return null;
  }
};

const succeeded = (item: JsonRecord): boolean => {
  const status = textAt(item, 'status');
  const code = numberAt(item, 'exit_code');
  return status !== 'failed' && status !== 'declined' && (code === null || code === 0) && !isRecord(item.error);
};

const outputOf = (item: JsonRecord): string => {
  if (isRecord(item.error)) return proseOf(item.error.message);
  if (isFileChange(item))
    return recordsAt(item, 'changes')
      .map((change) => `${textAt(change, 'kind')} ${textAt(change, 'path')}`)
      .join('\n');
  const output = proseOf(item.aggregated_output ?? item.result);
  const code = numberAt(item, 'exit_code');
  return code === null || code === 0 ? output : `${output}\nexit code ${code}`;
};
