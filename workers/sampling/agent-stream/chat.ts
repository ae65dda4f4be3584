import { countAt, isRecord, type JsonRecord, proseOf, recordAt, recordsAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

/** One chat message per line, or one step (`action`, `observation`) per line: how many agents write their log. */
export const parseChat: ParserFactory = (writer, { agentKind, model }) => {
  let hasStarted = false;
  let round = 0;
  let lastCall = '';

  const call = (name: string, args: unknown, id: string | null): void => {
    lastCall = id ?? `${round}-${name}`;
    writer.called({ callId: lastCall, round: String(round), tool: name, args });
  };

  // The API counts cached tokens inside the prompt.
  const readUsage = (record: JsonRecord, usage: JsonRecord): void => {
    const cacheRead = countAt(recordAt(usage, 'prompt_tokens_details'), 'cached_tokens');
    writer.used(
      textAt(record, 'id') ?? `answer-${round}`,
      {
        input: Math.max(0, countAt(usage, 'prompt_tokens') - cacheRead),
        output: countAt(usage, 'completion_tokens'),
        cacheRead,
        cacheWrite5m: 0,
        cacheWrite1h: 0,
      },
      { model: textAt(record, 'model') ?? model, reportedUsd: null },
    );
  };

  const readAssistant = (record: JsonRecord): void => {
    round++;
    writer.noted('turn-started');
    if (isRecord(record.usage)) readUsage(record, record.usage);
    const text = proseOf(record.content);
    if (text !== '') writer.said(text, { thought: false });
    if (isRecord(record.function_call))
      call(textAt(record.function_call, 'name') ?? 'unknown', record.function_call.arguments, null);
    for (const each of recordsAt(record, 'tool_calls')) {
      const asked = recordAt(each, 'function');
      call(textAt(asked, 'name') ?? 'unknown', asked.arguments, textAt(each, 'id'));
    }
  };

  const readStep = (record: JsonRecord): void => {
    round++;
    if (textAt(record, 'thought') !== null) writer.said(textAt(record, 'thought') ?? '', { thought: true });
    call('run', { command: proseOf(record.action) }, `step-${round}`);
    if ('observation' in record) writer.returned({ callId: lastCall, ok: true, output: proseOf(record.observation) });
  };

  return {
    record: (record, atMs) => {
      writer.at(atMs, 'main');
      if (!hasStarted) writer.started(agentKind, model ?? textAt(record, 'model'));
      hasStarted = true;
      switch (textAt(record, 'role')) {
        case 'assistant':
          return readAssistant(record);
        case 'tool':
        case 'function':
          return writer.returned({
            callId: textAt(record, 'tool_call_id') ?? lastCall,
            ok: true,
            output: proseOf(record.content),
          });
        case 'user':
          return writer.heard(proseOf(record.content));
        case null:
          return 'action' in record ? readStep(record) : undefined;
        default:
          return;
      }
    },
  };
};
