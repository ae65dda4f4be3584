import type { TokenUsage } from '#protocol/agent-events';
import { countAt, isRecord, type JsonRecord, proseOf, recordAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

/** Gemini CLI `--output-format stream-json`. Text comes in deltas; tokens come once, with the result. */
export const parseGemini: ParserFactory = (writer, { agentKind, model: givenModel }) => {
  let model = givenModel;
  let session = '';
  let message = '';

  const endMessage = () => {
    if (message !== '') writer.said(message, { thought: false });
    message = '';
  };

  const readMessage = (record: JsonRecord) => {
    const text = proseOf(record.content);
    if (textAt(record, 'role') === 'user') return writer.heard(text);
    if (record.delta !== true) return writer.said(text, { thought: false });
    if (message === '') writer.messageBegan();
    writer.streamed(text);
    message = (message + text).slice(-16_384);
  };

  const readStats = (stats: JsonRecord): void => {
    const models = Object.entries(recordAt(stats, 'models')).filter((entry): entry is [string, JsonRecord] =>
      isRecord(entry[1]),
    );
    for (const [name, each] of models)
      writer.used(`result:${session}:${name}`, geminiUsage(each), { model: name, reportedUsd: null });
    if (models.length === 0) writer.used(`result:${session}`, geminiUsage(stats), { model, reportedUsd: null });
  };

  return {
    record: (record, atMs) => {
      writer.at(atMs, 'main');
      const kind = textAt(record, 'type');
      if (kind !== 'message') endMessage();
      switch (kind) {
        case 'init':
          session = textAt(record, 'session_id') ?? '';
          model = textAt(record, 'model') ?? givenModel;
          return writer.started(agentKind, model);
        case 'message':
          return readMessage(record);
        case 'tool_use':
          return writer.called({
            callId: textAt(record, 'tool_id') ?? '',
            round: null,
            tool: textAt(record, 'tool_name') ?? 'unknown',
            args: record.parameters,
          });
        case 'tool_result': {
          const ok = textAt(record, 'status') !== 'error';
          return writer.returned({
            callId: textAt(record, 'tool_id') ?? '',
            ok,
            output: ok ? proseOf(record.output) : proseOf(recordAt(record, 'error').message ?? record.output),
          });
        }
        case 'error':
          return writer.requestFailed(textAt(record, 'message') ?? 'error', null);
        case 'result':
          readStats(recordAt(record, 'stats'));
          writer.noted('turn-ended');
          return writer.finished(textAt(record, 'status') === 'success', proseOf(recordAt(record, 'error').message));
        default:
          return;
      }
    },
    end: endMessage,
  };
};

/** Gemini counts cached tokens inside the input and leaves thinking out of the output, but not out of the total. */
const geminiUsage = (stats: JsonRecord): TokenUsage => {
  const input = countAt(stats, 'input_tokens');
  const output = countAt(stats, 'output_tokens');
  const cacheRead = Math.min(input, countAt(stats, 'cached'));
  const thinking = Math.max(0, countAt(stats, 'total_tokens') - input - output);
  return { input: input - cacheRead, output: output + thinking, cacheRead, cacheWrite5m: 0, cacheWrite1h: 0 };
};
