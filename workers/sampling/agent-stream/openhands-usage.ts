import type { EventWriter } from './event-writer.ts';
import { countAt, isRecord, type JsonRecord, numberAt, recordAt } from './json-record.ts';

/**
 * OpenHands tells running totals of tokens and dollars: with its actions (`llm_metrics`), or in the statistics of the SDK,
 * by what the model was used for. What came since the last telling is counted.
 */
export const createOpenhandsUsage = (writer: EventWriter, model: string | null): ((record: JsonRecord) => void) => {
  let before = nothing;
  let tellings = 0;
  return (record) => {
    const metrics = metricsIn(record);
    if (metrics.length === 0) return;
    const total = metrics.map(totalsOf).reduce((sum, one) => combine(sum, one, 1), nothing);
    const isAnew = total.prompt < before.prompt || total.completion < before.completion;
    const since = isAnew ? total : combine(total, before, -1);
    before = total;
    writer.used(
      `total-${++tellings}`,
      {
        // Cached tokens are counted inside the prompt.
        input: Math.max(0, since.prompt - since.cacheRead - since.cacheWrite),
        output: since.completion,
        cacheRead: since.cacheRead,
        cacheWrite5m: since.cacheWrite,
        cacheWrite1h: 0,
      },
      { model, reportedUsd: total.usd > 0 ? Math.max(0, since.usd) : null },
    );
  };
};

interface Totals {
  readonly prompt: number;
  readonly completion: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly usd: number;
}

const nothing: Totals = { prompt: 0, completion: 0, cacheRead: 0, cacheWrite: 0, usd: 0 };

const combine = (a: Totals, b: Totals, sign: 1 | -1): Totals => ({
  prompt: a.prompt + sign * b.prompt,
  completion: a.completion + sign * b.completion,
  cacheRead: a.cacheRead + sign * b.cacheRead,
  cacheWrite: a.cacheWrite + sign * b.cacheWrite,
  usd: a.usd + sign * b.usd,
});

const metricsIn = (record: JsonRecord): readonly JsonRecord[] => {
  if (isRecord(record.llm_metrics)) return [record.llm_metrics];
  if (record.key !== 'stats') return [];
  return Object.values(recordAt(recordAt(record, 'value'), 'usage_to_metrics')).filter(isRecord);
};

const totalsOf = (metrics: JsonRecord): Totals => {
  const usage = recordAt(metrics, 'accumulated_token_usage');
  return {
    prompt: countAt(usage, 'prompt_tokens'),
    completion: countAt(usage, 'completion_tokens'),
    cacheRead: countAt(usage, 'cache_read_tokens'),
    cacheWrite: countAt(usage, 'cache_write_tokens'),
    usd: numberAt(metrics, 'accumulated_cost') ?? 0,
  };
};
