import { idAt, type JsonRecord, numberAt, proseOf, recordAt, textAt } from './json-record.ts';
import { createOpenhandsUsage } from './openhands-usage.ts';
import type { ParserFactory } from './stream-parser.ts';

const quietActions = new Set([
  'message',
  'system',
  'change_agent_state',
  'recall',
  'null',
  'think',
  'finish',
  'condensation',
]);

/** OpenHands `--headless --json`: the older action/observation lines and the SDK's events (`kind`). */
export const parseOpenhands: ParserFactory = (writer, { agentKind, model }) => {
  const readUsage = createOpenhandsUsage(writer, model);
  let hasStarted = false;
  let open = '';

  const readAction = (record: JsonRecord, action: string) => {
    const args = record.args ?? withoutEnvelope(record);
    const isUser = textAt(record, 'source') === 'user';
    if (action === 'message')
      return isUser
        ? writer.heard(proseOf(recordAt(record, 'args').content ?? record.message ?? record.content))
        : writer.said(proseOf(recordAt(record, 'args').content ?? record.message ?? record.content), {
            thought: false,
          });
    if (action === 'think') return writer.said(proseOf(recordAt(record, 'args').thought), { thought: true });
    if (action === 'condensation') return writer.noted('context-compacted');
    if (action === 'finish') return writer.finished(true, proseOf(recordAt(record, 'args').final_thought));
    if (quietActions.has(action)) return;
    open = idAt(record, 'id') ?? '';
    writer.called({ callId: open, round: null, tool: action, args });
  };

  const readObservation = (record: JsonRecord, observation: string) => {
    if (observation === 'agent_state_changed') {
      if (textAt(recordAt(record, 'extras'), 'agent_state') === 'awaiting_user_confirmation') writer.asked('an action');
      return;
    }
    const extras = recordAt(record, 'extras');
    const code = numberAt(extras, 'exit_code') ?? numberAt(recordAt(extras, 'metadata'), 'exit_code');
    const ok = observation !== 'error' && (code === null || code === 0);
    writer.returned({ callId: idAt(record, 'cause') ?? open, ok, output: proseOf(record.content) });
  };

  const readEvent = (record: JsonRecord, kind: string) => {
    const callId = textAt(record, 'tool_call_id') ?? textAt(record, 'action_id') ?? open;
    switch (kind) {
      case 'ActionEvent':
        if (proseOf(record.thought) !== '') writer.said(proseOf(record.thought), { thought: true });
        open = callId;
        return writer.called({
          callId,
          round: textAt(record, 'llm_response_id'),
          tool: textAt(record, 'tool_name') ?? 'unknown',
          args: record.action,
        });
      case 'ObservationEvent': {
        const seen = recordAt(record, 'observation');
        const code = numberAt(seen, 'exit_code');
        return writer.returned({
          callId,
          ok: seen.is_error !== true && (code === null || code === 0),
          output: proseOf(seen.content ?? seen.output ?? seen),
        });
      }
      case 'AgentErrorEvent':
        return writer.returned({ callId, ok: false, output: proseOf(record.error) });
      case 'MessageEvent':
        return textAt(record, 'source') === 'user'
          ? writer.heard(proseOf(recordAt(record, 'llm_message').content))
          : writer.said(proseOf(recordAt(record, 'llm_message').content), { thought: false });
      case 'Condensation':
        return writer.noted('context-compacted');
      case 'ConversationErrorEvent':
        return writer.requestFailed(proseOf(record.detail ?? record.code), null);
      default:
        return;
    }
  };

  return {
    record: (record, atMs) => {
      writer.at(atMs, 'main');
      if (!hasStarted) writer.started(agentKind, model);
      hasStarted = true;
      readUsage(record);
      const action = textAt(record, 'action');
      // The shortest form names no kind of observation.
      const observation = textAt(record, 'observation') ?? (textAt(record, 'type') === 'observation' ? '' : null);
      const kind = textAt(record, 'kind');
      if (kind !== null) return readEvent(record, kind);
      if (action !== null) readAction(record, action);
      if (observation !== null) readObservation(record, observation);
    },
  };
};

/** The arguments stand beside the envelope's own fields where there is no `args`. */
const withoutEnvelope = (record: JsonRecord): JsonRecord => {
  const {
    type: _type,
    action: _action,
    id: _id,
    timestamp: _timestamp,
    source: _source,
    message: _message,
    ...rest
  } = record;
  return rest;
};
