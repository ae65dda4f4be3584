import type { TokenUsage } from '#protocol/agent-events';
import type { EventWriter } from './event-writer.ts';
import { countAt, isRecord, type JsonRecord, numberAt, proseOf, recordAt, recordsAt, textAt } from './json-record.ts';
import type { ParserFactory, ParserOrigin, StreamParser } from './stream-parser.ts';

// Claude Code's stream-json (Qwen Code mirrors it) and its project transcripts: the same messages in two envelopes.
// One API message comes as several `assistant` lines with one message id and one usage.
export const parseClaude: ParserFactory = (writer, origin) => new ClaudeStream(writer, origin);

class ClaudeStream implements StreamParser {
  readonly #writer: EventWriter;
  readonly #origin: ParserOrigin;
  #messages = 0;
  #sawUsage = false;
  #session: string | null = null;
  #streaming: { readonly id: string; readonly model: string | null; readonly usage: JsonRecord } | null = null;

  constructor(writer: EventWriter, origin: ParserOrigin) {
    this.#writer = writer;
    this.#origin = origin;
  }

  record(record: JsonRecord, atMs: number) {
    const sidechain = record.isSidechain === true ? (textAt(record, 'agentId') ?? 'sidechain') : 'main';
    const parent = textAt(record, 'parent_tool_use_id');
    this.#writer.at(atMs, 'main');
    // A sub-agent whose start was not to be seen starts with its first word.
    if (parent !== null) this.#writer.spawned(parent);
    this.#writer.at(atMs, parent ?? sidechain);
    switch (textAt(record, 'type')) {
      case 'system':
        return this.#readSystem(record);
      case 'assistant':
        return this.#readAssistant(record);
      case 'user':
        return this.#readUser(record);
      case 'stream_event':
        return this.#readDelta(recordAt(record, 'event'));
      case 'rate_limit_event':
        if (textAt(recordAt(record, 'rate_limit_info'), 'status') === 'rejected')
          this.#writer.requestFailed('rate limit reached', 429);
        return;
      case 'control_request':
        if (textAt(recordAt(record, 'request'), 'subtype') === 'can_use_tool')
          this.#writer.asked(textAt(recordAt(record, 'request'), 'tool_name') ?? 'a tool');
        return;
      case 'control_response':
        return this.#writer.noted('approval-answered');
      case 'result':
        return this.#readResult(record);
      default:
        return;
    }
  }

  #readSystem(record: JsonRecord) {
    const body = textAt(record, 'subtype') === null && isRecord(record.message) ? record.message : record;
    switch (textAt(body, 'subtype')) {
      case 'init': {
        const id = textAt(body, 'session_id');
        if (this.#session !== null && this.#session === id) return;
        this.#session = id;
        return this.#writer.started(this.#origin.agentKind, textAt(body, 'model') ?? this.#origin.model);
      }
      case 'compact_boundary':
        return this.#writer.noted('context-compacted');
      case 'task_started':
        return this.#writer.spawned(textAt(body, 'tool_use_id') ?? textAt(body, 'task_id') ?? 'task');
      case 'task_notification':
        return this.#writer.agentFinished(textAt(body, 'tool_use_id') ?? textAt(body, 'task_id') ?? 'task');
      case 'api_error':
      case 'api_retry':
        return this.#writer.requestFailed(
          proseOf(body.error ?? body.message) || 'request failed',
          numberAt(recordAt(body, 'error'), 'status') ?? numberAt(body, 'error_status'),
        );
      default:
        return;
    }
  }

  #readUsage(id: string, usage: JsonRecord, model: string | null) {
    this.#sawUsage = true;
    this.#writer.used(id, claudeUsage(usage), {
      model: pricedModel(model ?? this.#origin.model, usage),
      reportedUsd: null,
    });
  }

  #readAssistant(record: JsonRecord) {
    const message = recordAt(record, 'message');
    const id = textAt(message, 'id');
    const model = textAt(message, 'model');
    if (record.isApiErrorMessage === true || model === '<synthetic>' || typeof record.error === 'string') {
      const said = proseOf(message.content);
      const status = /\b([45]\d\d)\b/.exec(said);
      return this.#writer.requestFailed(
        said || (textAt(record, 'error') ?? 'request failed'),
        status === null ? null : Number(status[1]),
      );
    }
    if (typeof message.content === 'string') this.#writer.said(message.content, { thought: false });
    for (const block of recordsAt(message, 'content')) this.#readBlock(block, id);
    if (isRecord(message.usage)) this.#readUsage(id ?? `message-${++this.#messages}`, message.usage, model);
  }

  #readBlock(block: JsonRecord, round: string | null) {
    switch (textAt(block, 'type')) {
      case 'text':
        return this.#writer.said(textAt(block, 'text') ?? '', { thought: false });
      case 'thinking':
        return this.#writer.said(textAt(block, 'thinking') ?? '', { thought: true });
      case 'tool_use':
      case 'server_tool_use': {
        const tool = textAt(block, 'name') ?? 'unknown';
        const callId = textAt(block, 'id') ?? '';
        this.#writer.called({
          callId,
          round,
          tool,
          args: block.input,
          isBackground: recordAt(block, 'input').run_in_background === true,
        });
        if (tool === 'AskUserQuestion' || tool === 'ExitPlanMode') this.#writer.asked(tool);
        return;
      }
      default:
        return;
    }
  }

  #readUser(record: JsonRecord) {
    const content = recordAt(record, 'message').content;
    const blocks = recordsAt(recordAt(record, 'message'), 'content');
    for (const block of blocks) {
      if (textAt(block, 'type') !== 'tool_result') continue;
      this.#writer.returned({
        callId: textAt(block, 'tool_use_id') ?? '',
        ok: block.is_error !== true,
        output: proseOf(block.content),
      });
    }
    const isPersons =
      record.isMeta !== true && record.isSynthetic !== true && textAt(record, 'parent_tool_use_id') === null;
    const hasText = typeof content === 'string' || blocks.some((block) => textAt(block, 'type') === 'text');
    if (record.isCompactSummary === true) this.#writer.noted('context-compacted');
    else if (isPersons && hasText)
      this.#writer.heard(
        typeof content === 'string' ? content : proseOf(blocks.filter((block) => textAt(block, 'type') === 'text')),
      );
  }

  #readDelta(event: JsonRecord) {
    const message = recordAt(event, 'message');
    switch (textAt(event, 'type')) {
      case 'message_start':
        this.#streaming = {
          id: textAt(message, 'id') ?? 'streaming',
          model: textAt(message, 'model'),
          usage: recordAt(message, 'usage'),
        };
        return this.#writer.messageBegan();
      case 'content_block_delta': {
        const delta = recordAt(event, 'delta');
        return this.#writer.streamed(textAt(delta, 'text') ?? textAt(delta, 'thinking') ?? '');
      }
      case 'message_delta':
        if (this.#streaming === null) return;
        this.#streaming = { ...this.#streaming, usage: { ...this.#streaming.usage, ...recordAt(event, 'usage') } };
        return this.#readUsage(this.#streaming.id, this.#streaming.usage, this.#streaming.model);
      default:
        return;
    }
  }

  #readResult(record: JsonRecord) {
    const cost = numberAt(record, 'total_cost_usd');
    if (!this.#sawUsage && isRecord(record.usage))
      this.#readUsage(`result:${this.#session ?? ''}`, record.usage, modelOfResult(record));
    if (cost !== null) this.#writer.costTotal(cost);
    this.#writer.noted('turn-ended');
    this.#writer.finished(
      record.is_error !== true && (textAt(record, 'subtype') ?? 'success') === 'success',
      proseOf(record.result),
    );
  }
}

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
