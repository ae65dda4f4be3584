import type { Actor as Who } from '#protocol/actor';
import type { RunId } from '#protocol/ids';
import { createRedactor } from '#redaction/redact';
import type { Clock } from '#runtime/clock';
import { createLanes } from '#runtime/lanes';
import type { GuardedRun } from './action-state.ts';
import type { Thought } from './action-thought.ts';
import type { Boundary } from './containment/membership.ts';
import { pauseTree, resumeTree } from './pause-protocol.ts';
import type { Watch } from './take-step.ts';

/** Between two attempts at a tree of which not all could be halted. */
const haltAgainMs = 1_000;

const redactor = createRedactor();

export interface HalterParts {
  readonly clock: Clock;
  readonly watchOf: (runId: RunId) => Watch | undefined;
  /** What is believed of it now. */
  readonly runOf: (runId: RunId) => GuardedRun | undefined;
  readonly deliver: (thought: Thought) => Promise<void>;
}

/** Halts trees and lets them go on, as was said before. */
export interface Halter {
  /** Does what was said last; a run that is not introduced yet has to wait for `takeUp`. Doing it twice is harmless. */
  carryOut(runId: RunId): Promise<void>;
  /** The run was just introduced: makes true what the record says of it. */
  takeUp(runId: RunId): Promise<void>;
  /** A pause that ends by itself; one that a person ended before, or that was prolonged, is left alone. */
  resumeLater(runId: RunId, resumeAtMs: number | null): void;
  resume(runId: RunId, by: Who, reason: string): Promise<void>;
}

export const createHalter = ({ clock, watchOf, runOf, deliver }: HalterParts): Halter => {
  // In turn: a thaw waits until the freeze before it is through, or it would be undone by it.
  const hands = createLanes();

  const carryOut = (runId: RunId): Promise<void> =>
    hands.inTurn(runId, async () => {
      const [watch, halt] = [watchOf(runId), runOf(runId)?.halt];
      if (watch === undefined || !halt) return;
      const { kind, interventionId } = halt;
      if (kind === 'pause') {
        const outcome = await pauseTree(watch.boundary);
        const told = { kind: 'tree-paused', runId, interventionId } as const;
        if (outcome.kind === 'paused') return deliver({ ...told, processes: outcome.processes, moving: [] });
        // What sleeps where no signal reaches it wakes up one day: then it stands, too.
        clock.after(haltAgainMs, () => void carryOut(runId));
        const moving = outcome.moving.map(({ pid, command }) => ({ pid, command: redactor.text(command) }));
        return deliver({ ...told, processes: 0, moving });
      }
      const { processes } = await resumeTree(watch.boundary);
      return deliver({ kind: 'tree-resumed', runId, interventionId, processes });
    });

  /** It was told as paused, and stands no more. */
  const haltAgain = (runId: RunId): Promise<void> =>
    hands.inTurn(runId, async () => {
      const [watch, run] = [watchOf(runId), runOf(runId)];
      if (watch === undefined || !run?.paused || run.halt !== null) return;
      const { kind } = await pauseTree(watch.boundary);
      if (kind === 'incomplete') clock.after(haltAgainMs, () => void haltAgain(runId));
    });

  const resume = async (runId: RunId, by: Who, reason: string): Promise<void> => {
    const isFrozen = (await watchOf(runId)?.boundary.isFrozen()) ?? false;
    return deliver({ kind: 'resume-requested', runId, isFrozen, by, reason });
  };

  /**
   * What was said is done to its end, whether it was done already or not: a pause that began, a resume that began. A pause
   * that was done is done again where somebody let the tree go on meanwhile. A stop under way has its own protocol.
   */
  const takeUp = async (runId: RunId): Promise<void> => {
    const [watch, run] = [watchOf(runId), runOf(runId)];
    if (watch === undefined || run === undefined || run.over || run.stop !== null) return;
    if (run.halt !== null) return carryOut(runId);
    const isFrozen = await watch.boundary.isFrozen();
    if (run.paused && !isFrozen) await haltAgain(runId);
    if (!run.paused && isFrozen && isOursAlone(watch.boundary))
      await resume(runId, 'daemon', 'it was found frozen, and the record knows of no pause');
  };

  return {
    carryOut,
    takeUp,
    resume,
    resumeLater: (runId, resumeAtMs) => {
      if (resumeAtMs === null) return;
      clock.after(Math.max(0, resumeAtMs - clock.now()), () => {
        if (runOf(runId)?.resumeAtMs === resumeAtMs) void resume(runId, 'policy', 'its pause is over');
      });
    },
  };
};

/** Nobody else freezes a cgroup that we made. A SIGSTOP may be anybody's: its user knows why. */
const isOursAlone = (boundary: Boundary): boolean => boundary.level() === 'cgroup2';
