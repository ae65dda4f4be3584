import type { RunChange } from '#protocol/messages';
import { type RunRecord, toWatchedRun } from './run-table.ts';

/** All that a worker has to be told of a run that it has not met: who it is, and what came about since it began. */
export const introductionOf = (record: RunRecord, nowMs: number): readonly RunChange[] => {
  const { identity, view, acknowledged, extra } = record;
  const { runId } = record.spec;
  if (identity === null) return [];
  return [
    { kind: 'watch', run: toWatchedRun(record, identity, nowMs) },
    ...(view.state === 'paused' ? [{ kind: 'paused', runId, atMs: nowMs } as const] : []),
    ...[...acknowledged].map((rule) => ({ kind: 'acknowledged', runId, rule, verdict: null }) as const),
    ...[...extra].map(([budget, added]) => ({ kind: 'budget-extended', runId, budget, extra: added }) as const),
  ];
};
