import { countAt, type JsonRecord, proseOf, recordAt, recordsAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

const keptChars = 16_384;

/** `goose run --output-format stream-json`: messages whose content holds text, tool requests and tool responses. */
export const parseGoose: ParserFactory = (writer, { agentKind, model: givenModel }) => {
  let model = givenModel;
  let hasStarted = false;
  let rounds = 0;
  let runs = 0;
  /** The message that is being written: it may come in pieces, under one id. */
  let open = { id: '', text: '', thought: '' };

  const endMessage = (): void => {
    if (open.thought !== '') writer.said(open.thought, { thought: true });
    if (open.text !== '') writer.said(open.text, { thought: false });
    open = { id: '', text: '', thought: '' };
  };
  const write = (piece: string, by: 'text' | 'thought'): void => {
    if (open.text === '' && open.thought === '') writer.messageBegan();
    writer.streamed(piece);
    // What is compared of a message is its beginning; more is not kept.
    if (open[by].length < keptChars) open = { ...open, [by]: open[by] + piece };
  };

  const readContent = (content: JsonRecord, round: string, isUser: boolean) => {
    switch (textAt(content, 'type')) {
      case 'text':
        return isUser ? writer.heard(textAt(content, 'text') ?? '') : write(textAt(content, 'text') ?? '', 'text');
      case 'thinking':
      case 'reasoning':
        return write(textAt(content, 'thinking') ?? textAt(content, 'text') ?? '', 'thought');
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
          if (round !== open.id) endMessage();
          open = { ...open, id: round };
          for (const content of recordsAt(message, 'content'))
            readContent(content, round, textAt(message, 'role') === 'user');
          return;
        }
        case 'model_change':
          model = textAt(record, 'model') ?? model;
          return;
        case 'error':
          endMessage();
          return writer.requestFailed(proseOf(record.error), null);
        case 'complete':
          endMessage();
          // Only a total is told. It counts as input, the cheaper column, and is exact as a number of tokens.
          writer.used(
            `complete-${++runs}`,
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
