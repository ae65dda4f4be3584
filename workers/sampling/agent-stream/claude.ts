import type { TokenUsage } from '#protocol/agent-events';
import { countAt, isRecord, type JsonRecord, numberAt, proseOf, recordAt, recordsAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

// Claude Code's stream-json (Qwen Code mirrors it) and its project transcripts: the same messages in two envelopes.
// One API message comes as several `assistant` lines with one message id and one usage.
export const parseClaude: ParserFactory = (writer, { agentKind, model: givenModel }) => {
  let sawUsage = false;
  let session: string | null = null;
  let streaming: { readonly id: string; readonly model: string | null; usage: JsonRecord } | null = null;

  const readSystem = (record: JsonRecord) => {
    const body = textAt(record, 'subtype') === null && isRecord(record.message) ? record.message : record;
    switch (textAt(body, 'subtype')) {
      case 'init': {
        const id = textAt(body, 'session_id');
        if (session !== null && session === id) return;
        session = id;
        return writer.started(agentKind, textAt(body, 'model') ?? givenModel);
      }
      case 'compact_boundary':
        return writer.noted('context-compacted');
      case 'task_started':
        return writer.spawned(textAt(body, 'tool_use_id') ?? textAt(body, 'task_id') ?? 'task');
      case 'task_notification':
        return writer.agentFinished(textAt(body, 'tool_use_id') ?? textAt(body, 'task_id') ?? 'task');
      case 'api_error':
      case 'api_retry':
        return writer.requestFailed(
          proseOf(body.error ?? body.message) || 'request failed',
          numberAt(recordAt(body, 'error'), 'status') ?? numberAt(body, 'error_status'),
        );
      default:
        return;
    }
  };

  const readUsage = (id: string, usage: JsonRecord, model: string | null) => {
    sawUsage = true;
    writer.used(id, claudeUsage(usage), { model: pricedModel(model ?? givenModel, usage), reportedUsd: null });
  };

  const readAssistant = (record: JsonRecord) => {
    const message = recordAt(record, 'message');
    const id = textAt(message, 'id');
    const model = textAt(message, 'model');
    if (record.isApiErrorMessage === true || model === '<synthetic>' || typeof record.error === 'string') {
      const said = proseOf(message.content);
      const status = /\b([45]\d\d)\b/.exec(said);
      return writer.requestFailed(
        said || (textAt(record, 'error') ?? 'request failed'),
        status === null ? null : Number(status[1]),
      );
    }
    if (typeof message.content === 'string') writer.said(message.content, { thought: false });
    for (const block of recordsAt(message, 'content')) readBlock(block, id);
    if (id !== null && isRecord(message.usage)) readUsage(id, message.usage, model);
  };

  const readBlock = (block: JsonRecord, round: string | null) => {
    switch (textAt(block, 'type')) {
      case 'text':
        return writer.said(textAt(block, 'text') ?? '', { thought: false });
      case 'thinking':
        return writer.said(textAt(block, 'thinking') ?? '', { thought: true });
      case 'tool_use':
      case 'server_tool_use': {
        const tool = textAt(block, 'name') ?? 'unknown';
        const callId = textAt(block, 'id') ?? '';
        writer.called({
          callId,
          round,
          tool,
          args: block.input,
          isBackground: recordAt(block, 'input').run_in_background === true,
        });
        if (tool === 'AskUserQuestion' || tool === 'ExitPlanMode') writer.asked(tool);
        return;
      }
      default:
        return;
    }
  };

  const readUser = (record: JsonRecord) => {
    const content = recordAt(record, 'message').content;
    const blocks = recordsAt(recordAt(record, 'message'), 'content');
    for (const block of blocks) {
      if (textAt(block, 'type') !== 'tool_result') continue;
      writer.returned({
        callId: textAt(block, 'tool_use_id') ?? '',
        ok: block.is_error !== true,
        output: proseOf(block.content),
      });
    }
    const isPersons =
      record.isMeta !== true && record.isSynthetic !== true && textAt(record, 'parent_tool_use_id') === null;
    const hasText = typeof content === 'string' || blocks.some((block) => textAt(block, 'type') === 'text');
    if (record.isCompactSummary === true) writer.noted('context-compacted');
    else if (isPersons && hasText)
      writer.heard(
        typeof content === 'string' ? content : proseOf(blocks.filter((block) => textAt(block, 'type') === 'text')),
      );
  };

  const readDelta = (event: JsonRecord) => {
    const message = recordAt(event, 'message');
    switch (textAt(event, 'type')) {
      case 'message_start':
        streaming = {
          id: textAt(message, 'id') ?? 'streaming',
          model: textAt(message, 'model'),
          usage: recordAt(message, 'usage'),
        };
        return writer.messageBegan();
      case 'content_block_delta': {
        const delta = recordAt(event, 'delta');
        return writer.streamed(textAt(delta, 'text') ?? textAt(delta, 'thinking') ?? '');
      }
      case 'message_delta':
        if (streaming === null) return;
        streaming.usage = { ...streaming.usage, ...recordAt(event, 'usage') };
        return readUsage(streaming.id, streaming.usage, streaming.model);
      default:
        return;
    }
  };

  const readResult = (record: JsonRecord): void => {
    const cost = numberAt(record, 'total_cost_usd');
    if (!sawUsage && isRecord(record.usage)) readUsage(`result:${session ?? ''}`, record.usage, modelOfResult(record));
    if (cost !== null) writer.costTotal(cost);
    writer.noted('turn-ended');
    writer.finished(
      record.is_error !== true && (textAt(record, 'subtype') ?? 'success') === 'success',
      proseOf(record.result),
    );
  };

  return {
    record: (record, atMs) => {
      const sidechain = record.isSidechain === true ? (textAt(record, 'agentId') ?? 'sidechain') : 'main';
      writer.at(atMs, textAt(record, 'parent_tool_use_id') ?? sidechain);
      switch (textAt(record, 'type')) {
        case 'system':
          return readSystem(record);
        case 'assistant':
          return readAssistant(record);
        case 'user':
          return readUser(record);
        case 'stream_event':
          return readDelta(recordAt(record, 'event'));
        case 'rate_limit_event':
          if (textAt(recordAt(record, 'rate_limit_info'), 'status') === 'rejected')
            writer.requestFailed('rate limit reached', 429);
          return;
        case 'control_request':
          if (textAt(recordAt(record, 'request'), 'subtype') === 'can_use_tool')
            writer.asked(textAt(recordAt(record, 'request'), 'tool_name') ?? 'a tool');
          return;
        case 'control_response':
          return writer.noted('approval-answered');
        case 'result':
          return readResult(record);
        default:
          return;
      }
    },
  };
};

/** Anthropic counts cache reads and writes beside the input; one-hour writes cost more than five-minute ones. */
const claudeUsage = (usage: JsonRecord): TokenUsage => {
  const byAge = recordAt(usage, 'cache_creation');
  const written = countAt(usage, 'cache_creation_input_tokens');
  const cacheWrite1h = countAt(byAge, 'ephemeral_1h_input_tokens');
  return {
    input: countAt(usage, 'input_tokens'),
    output: countAt(usage, 'output_tokens'),
    cacheRead: countAt(usage, 'cache_read_input_tokens'),
    cacheWrite5m: Math.max(countAt(byAge, 'ephemeral_5m_input_tokens'), written - cacheWrite1h),
    cacheWrite1h,
  };
};

/** Fast mode has its own price: named apart, so that it is never priced as the ordinary model. */
const pricedModel = (model: string | null, usage: JsonRecord): string | null =>
  model !== null && textAt(usage, 'speed') === 'fast' ? `${model}:fast` : model;

const modelOfResult = (record: JsonRecord): string | null => {
  const names = Object.keys(recordAt(record, 'modelUsage'));
  return names.length === 1 ? (names[0] ?? null) : null;
};
