import type { AgentKind } from '#protocol/agent-events';
import { parseAider } from './aider.ts';
import { parseChat } from './chat.ts';
import { parseClaude } from './claude.ts';
import { parseCodex } from './codex.ts';
import { parseCodexSession } from './codex-session.ts';
import { parseGemini } from './gemini.ts';
import { parseGoose } from './goose.ts';
import { isRecord, type JsonRecord, recordAt, textAt } from './json-record.ts';
import { parseOpencode } from './opencode.ts';
import { parseOpenhands } from './openhands.ts';
import type { ParserFactory } from './stream-parser.ts';

export interface Dialect {
  readonly agentKind: AgentKind;
  readonly parser: ParserFactory;
}

export const aider: Dialect = { agentKind: 'aider', parser: parseAider };

const claudeTypes = new Set(['assistant', 'user', 'stream_event', 'result']);
const opencodeTypes = new Set(['step_start', 'text', 'reasoning', 'tool_use', 'step_finish']);
const sessionTypes = new Set(['session_meta', 'turn_context', 'response_item', 'event_msg']);
const sdkKinds = new Set(['ActionEvent', 'ObservationEvent', 'MessageEvent', 'SystemPromptEvent', 'AgentErrorEvent']);
const roles = new Set(['assistant', 'user', 'system', 'tool', 'function']);

/** Which agent writes records like this one; null when it could be anybody's. */
export const identify = (record: JsonRecord): Dialect | null => {
  const type = textAt(record, 'type') ?? '';
  const kind = textAt(record, 'kind') ?? '';
  if (type.startsWith('thread.') || type.startsWith('turn.') || (type.startsWith('item.') && isRecord(record.item)))
    return { agentKind: 'codex', parser: parseCodex };
  if (sessionTypes.has(type) && isRecord(record.payload)) return { agentKind: 'codex', parser: parseCodexSession };
  if (type === 'init' && textAt(record, 'session_id') !== null) return { agentKind: 'gemini', parser: parseGemini };
  if (type === 'message' && isRecord(record.message) && Array.isArray(record.message.content))
    return { agentKind: 'goose', parser: parseGoose };
  if (type === 'message' && textAt(record, 'role') !== null) return { agentKind: 'gemini', parser: parseGemini };
  if (type === 'tool_use' && textAt(record, 'tool_name') !== null) return { agentKind: 'gemini', parser: parseGemini };
  if (opencodeTypes.has(type) && isRecord(record.part)) return { agentKind: 'opencode', parser: parseOpencode };
  if (isClaude(record, type)) return { agentKind: isQwen(record) ? 'qwen' : 'claude', parser: parseClaude };
  if (sdkKinds.has(kind) || ((type === 'action' || type === 'observation') && textAt(record, type) !== null))
    return { agentKind: 'openhands', parser: parseOpenhands };
  if (isChat(record)) return { agentKind: 'chat', parser: parseChat };
  return null;
};

const isClaude = (record: JsonRecord, type: string): boolean => {
  if (type === 'system')
    return textAt(record, 'subtype') === 'init' || textAt(recordAt(record, 'message'), 'subtype') === 'init';
  if (type === 'result') return textAt(record, 'subtype') !== null && 'session_id' in record;
  if (type === 'stream_event') return isRecord(record.event);
  return claudeTypes.has(type) && 'content' in recordAt(record, 'message');
};

const isQwen = (record: JsonRecord): boolean => {
  const model = textAt(record, 'model') ?? textAt(recordAt(record, 'message'), 'model') ?? '';
  return 'qwen_code_version' in record || /^qwen/i.test(model);
};

const isChat = (record: JsonRecord): boolean =>
  (roles.has(textAt(record, 'role') ?? '') &&
    ('content' in record || 'tool_calls' in record || 'function_call' in record)) ||
  (textAt(record, 'action') !== null && textAt(record, 'observation') !== null && !('type' in record));
