import type { WatchedRun } from '#protocol/messages';
import { createRedactor } from '#redaction/redact';
import type { Clock } from '#runtime/clock';
import type { StopUnderWay } from './action-state.ts';
import type { Thought } from './action-thought.ts';
import { type Boundary, isLiving } from './containment/membership.ts';
import { stopTree } from './kill-protocol.ts';

const redactor = createRedactor();

/** Ends the tree of a run and tells each step, and at the end who is left. Doing it once more after a crash is harmless. */
export const endTree = async (parts: {
  readonly watch: { readonly run: WatchedRun; readonly boundary: Boundary };
  readonly stop: StopUnderWay;
  readonly clock: Clock;
  readonly tellSelf: (thought: Thought) => void;
}): Promise<void> => {
  const { watch, stop, clock, tellSelf } = parts;
  const { runId } = watch.run;
  const outcome = await stopTree({
    boundary: watch.boundary,
    identity: watch.run.identity,
    graceMs: stop.graceMs,
    clock,
    // No grace was granted: what forks or allocates faster than it can be asked is halted first.
    storm: stop.graceMs === 0 && stop.cause === 'limit',
    onStep: async (step) => {
      if (step.kind === 'fell-back') tellSelf({ kind: 'fell-back', runId, to: step.to, why: step.why });
      else {
        const signal = step.kind === 'frozen' ? 'FREEZE' : step.signal;
        tellSelf({ kind: 'signalled', runId, signal, processes: step.processes });
      }
    },
  });
  const killed = outcome.kind === 'verified-empty' ? outcome.killed : 0;
  const left = outcome.kind === 'incomplete' ? outcome.survivors : [];
  const survivors = left.map(({ pid, command }) => ({ pid, command: redactor.text(command) }));
  tellSelf({ kind: 'stop-ended', runId, killed, survivors, tookMs: outcome.tookMs });
};

/** What an ended run left alive. "None" is proven, not only seen, unless the job's orphans are to be spared anyway. */
export const countLeft = async ({
  run,
  boundary,
}: {
  readonly run: WatchedRun;
  readonly boundary: Boundary;
}): Promise<number> => {
  const left = run.keepOrphans ? (await boundary.members()).filter(isLiving) : await boundary.findLeft();
  return left.length;
};
