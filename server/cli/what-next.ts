import type { RunId } from '#protocol/ids';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';
import { exitCodeOf } from './exit-code.ts';

export type Next =
  | { readonly kind: 'ended'; readonly exitCode: number }
  | { readonly kind: 'follow'; readonly runId: RunId }
  /** A restart is announced, or the record does not tell yet whether one comes. */
  | { readonly kind: 'wait' };

/** What an attached `run` does about the run it follows. `restartAsked`: the stop said that a restart follows. */
export const whatNext = (view: RunView, { restartAsked }: { readonly restartAsked: boolean }): Next => {
  if (view.nextRunId !== null) return { kind: 'follow', runId: view.nextRunId };
  if (!isOver(view.state) || view.restartDueAtMs !== null) return { kind: 'wait' };
  if (view.state === 'quarantined' || view.state === 'lost') return { kind: 'ended', exitCode: exitCodeOf(view) };
  return restartAsked || isRestartDue(view) ? { kind: 'wait' } : { kind: 'ended', exitCode: exitCodeOf(view) };
};

/** Not executable, not found: the daemon does not try these again. */
const hopelessCodes: readonly (number | null)[] = [126, 127];

const isRestartDue = ({ restart, state, stopCause, exitCode }: RunView): boolean => {
  if (restart.mode === 'no' || hopelessCodes.includes(exitCode)) return false;
  if (state === 'stopped') return stopCause === 'policy' || stopCause === 'limit';
  return state === 'exited' && (restart.mode === 'always' || exitCode !== 0);
};
