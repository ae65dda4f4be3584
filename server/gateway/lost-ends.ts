import { join } from 'node:path';
import type { FactBody } from '#protocol/facts';
import type { FactReport } from '#protocol/messages';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';
import { type RunEnd, readRunEnd } from '#record/parse-run-end';

interface Parts {
  readonly home: string;
  readonly views: () => readonly RunView[];
  readonly report: (fact: FactReport) => Promise<void>;
}

/**
 * Runs that were over and settled before this daemon began, but not in the record: their end lay in a tail that was lost,
 * or is younger than the copy that was restored. No daemon takes them up again, so they would be shown as live for ever.
 * @param beganAtMs of this daemon: whatever was settled since then is still told by itself.
 */
export const tellLostEnds = async ({ home, views, report }: Parts, beganAtMs: number): Promise<void> => {
  for (const view of views().filter(({ settled }) => !settled)) {
    const end = await readRunEnd(join(home, 'runs', view.runId));
    if (end.kind === 'open' || (end.kind === 'settled' && end.settledAtMs >= beganAtMs)) continue;
    if (end.kind === 'no-directory' && view.requestedAtMs >= beganAtMs) continue;
    for (const body of endOf(view, end))
      await report({ key: `lost-end:${body.kind}:${view.runId}`, body, mustSync: false });
  }
};

const endOf = ({ runId, state }: RunView, end: Exclude<RunEnd, { kind: 'open' }>): readonly FactBody[] => {
  const settled: FactBody = { kind: 'run-settled', runId, next: 'none' };
  if (isOver(state)) return [settled];
  if (end.kind === 'settled' && end.exit !== null)
    return [{ kind: 'run-exited', runId, signal: null, ...end.exit }, settled];
  return [{ kind: 'run-lost', runId, why: 'it ended, but the part of the record that told how is lost' }, settled];
};
