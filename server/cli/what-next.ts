import type { RunId } from '#protocol/ids';
import type { RunView } from '#protocol/views';
import { exitCodeOf } from './exit-code.ts';

export type Next =
  | { readonly kind: 'ended'; readonly exitCode: number }
  | { readonly kind: 'follow'; readonly runId: RunId }
  /** The record does not tell yet what follows, or it has announced a restart. */
  | { readonly kind: 'wait' };

/** What an attached `run` does about the run it follows. */
export const whatNext = (view: RunView): Next => {
  if (view.nextRunId !== null) return { kind: 'follow', runId: view.nextRunId };
  if (!view.settled || view.restartDueAtMs !== null) return { kind: 'wait' };
  return { kind: 'ended', exitCode: exitCodeOf(view) };
};
