import type { TokenUsage } from '#protocol/agent-events';
import { countAt, type JsonRecord } from './json-record.ts';

/**
 * The usage that ends a turn is the thread's total so far in some versions, and that of the turn alone in others. It is
 * taken for a total until one is smaller than the one before; what was subtracted till then is owed.
 */
export const createTurnUsage = (): ((told: JsonRecord) => TokenUsage) => {
  let before = nothing;
  let owed = nothing;
  let isOfTurns = false;
  return (record) => {
    const told = columnsOf(record);
    const isLess = told.input < before.input || told.output < before.output;
    const base = isOfTurns ? nothing : before;
    const counted = isLess && !isOfTurns ? plus(told, owed) : minus(told, base);
    isOfTurns ||= isLess;
    owed = plus(owed, before);
    before = told;
    return usageOf(counted);
  };
};

/** Turns running totals into what came since the last one. Where a total is smaller than before, counting began anew. */
export const createCumulativeUsage = (): ((total: JsonRecord) => TokenUsage) => {
  let before = nothing;
  return (record) => {
    const total = columnsOf(record);
    const isAnew = total.input < before.input || total.cached < before.cached || total.output < before.output;
    const base = isAnew ? nothing : before;
    before = total;
    return usageOf(minus(total, base));
  };
};

interface Columns {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

const nothing: Columns = { input: 0, cached: 0, output: 0 };

const columnsOf = (record: JsonRecord): Columns => ({
  input: countAt(record, 'input_tokens'),
  cached: countAt(record, 'cached_input_tokens'),
  output: countAt(record, 'output_tokens'),
});

const plus = (a: Columns, b: Columns): Columns => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  output: a.output + b.output,
});

const minus = (a: Columns, b: Columns): Columns => ({
  input: a.input - b.input,
  cached: a.cached - b.cached,
  output: a.output - b.output,
});

/** OpenAI counts cached tokens inside the input, and reasoning inside the output. */
const usageOf = ({ input, cached, output }: Columns): TokenUsage => ({
  input: Math.max(0, input - cached),
  output: Math.max(0, output),
  cacheRead: Math.max(0, cached),
  cacheWrite5m: 0,
  cacheWrite1h: 0,
});
