import { countAt, type JsonRecord, numberAt, proseOf, recordAt, textAt } from './json-record.ts';
import type { ParserFactory } from './stream-parser.ts';

/** `opencode run --format json`. A tool appears once, when it is done, so silence during a tool is normal. */
export const parseOpencode: ParserFactory = (writer, { agentKind, model }) => {
  let hasStarted = false;
  let step = 0;

  const readTool = (part: JsonRecord): void => {
    const callId = textAt(part, 'callID') ?? textAt(part, 'id') ?? '';
    const state = recordAt(part, 'state');
    const ok = textAt(state, 'status') !== 'error';
    writer.called({ callId, round: `step-${step}`, tool: textAt(part, 'tool') ?? 'unknown', args: state.input });
    writer.returned({ callId, ok, output: proseOf(ok ? state.output : state.error) });
  };

  const readStepEnd = (part: JsonRecord, fallbackId: string): void => {
    const tokens = recordAt(part, 'tokens');
    const cache = recordAt(tokens, 'cache');
    const cost = numberAt(part, 'cost');
    const usage = {
      input: countAt(tokens, 'input'),
      output: countAt(tokens, 'output') + countAt(tokens, 'reasoning'),
      cacheRead: countAt(cache, 'read'),
      cacheWrite5m: countAt(cache, 'write'),
      cacheWrite1h: 0,
    };
    // A cost of 0 is what it reports for a model it has no price for.
    writer.used(textAt(part, 'id') ?? fallbackId, usage, { model, reportedUsd: cost === 0 ? null : cost });
    const reason = textAt(part, 'reason');
    if (reason === null || reason === 'tool-calls') return;
    writer.noted('turn-ended');
    writer.finished(reason === 'stop', reason);
  };

  return {
    record: (record, atMs) => {
      writer.at(atMs, 'main');
      if (!hasStarted) writer.started(agentKind, model);
      hasStarted = true;
      const part = recordAt(record, 'part');
      switch (textAt(record, 'type')) {
        case 'step_start':
          step++;
          return writer.noted('turn-started');
        case 'text':
          return writer.said(textAt(part, 'text') ?? '', { thought: false });
        case 'reasoning':
          return writer.said(textAt(part, 'text') ?? '', { thought: true });
        case 'tool_use':
          return readTool(part);
        case 'step_finish':
          return readStepEnd(part, `step-${step}-${numberAt(record, 'timestamp') ?? atMs}`);
        case 'error': {
          const error = recordAt(record, 'error');
          return writer.requestFailed(
            proseOf(recordAt(error, 'data').message ?? error.message ?? error.name),
            numberAt(recordAt(error, 'data'), 'statusCode'),
          );
        }
        case 'done':
          return writer.finished(true, '');
        default:
          return;
      }
    },
  };
};
