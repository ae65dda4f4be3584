import { countAt, type JsonRecord, proseOf, recordAt, recordsAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

/** `goose run --output-format stream-json`: messages whose content holds text, tool requests and tool responses. */
export const parseGoose: ParserFactory = (writer, { agentKind, model: givenModel }) => {
  let model = givenModel;
  let hasStarted = false;
  let rounds = 0;

  const readContent = (content: JsonRecord, round: string, isUser: boolean) => {
    switch (textAt(content, 'type')) {
      case 'text':
        return isUser
          ? writer.heard(textAt(content, 'text') ?? '')
          : writer.said(textAt(content, 'text') ?? '', { thought: false });
      case 'thinking':
      case 'reasoning':
        return writer.said(textAt(content, 'thinking') ?? textAt(content, 'text') ?? '', { thought: true });
      case 'toolRequest': {
        const call = recordAt(recordAt(content, 'toolCall'), 'value');
        return writer.called({
          callId: textAt(content, 'id') ?? '',
          round,
          tool: textAt(call, 'name') ?? 'unparsable',
          args: call.arguments ?? proseOf(recordAt(content, 'toolCall').error),
        });
      }
      case 'toolResponse': {
        const result = recordAt(content, 'toolResult');
        const ok = textAt(result, 'status') !== 'error' && recordAt(result, 'value').isError !== true;
        return writer.returned({
          callId: textAt(content, 'id') ?? '',
          ok,
          output: proseOf(result.value ?? result.error),
        });
      }
      case 'toolConfirmationRequest':
        return writer.asked(textAt(content, 'toolName') ?? 'a tool');
      case 'summarizationRequested':
      case 'contextLengthExceeded':
        return writer.noted('context-compacted');
      default:
        return;
    }
  };

  return {
    record: (record, atMs) => {
      writer.at(atMs, 'main');
      if (!hasStarted) writer.started(agentKind, model);
      hasStarted = true;
      switch (textAt(record, 'type')) {
        case 'message': {
          const message = recordAt(record, 'message');
          const round = textAt(message, 'id') ?? `message-${++rounds}`;
          for (const content of recordsAt(message, 'content'))
            readContent(content, round, textAt(message, 'role') === 'user');
          return;
        }
        case 'model_change':
          model = textAt(record, 'model') ?? model;
          return;
        case 'error':
          return writer.requestFailed(proseOf(record.error), null);
        case 'complete':
          // Only a total is told. It counts as input, the cheaper column, and is exact as a number of tokens.
          writer.used(
            'complete',
            { input: countAt(record, 'total_tokens'), output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 },
            { model: null, reportedUsd: null },
          );
          writer.noted('turn-ended');
          return writer.finished(true, '');
        default:
          return;
      }
    },
  };
};
