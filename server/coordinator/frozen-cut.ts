import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Fact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { ActionMessage } from '#protocol/messages';
import { outputFileName, outputStreams } from '#protocol/output-index';
import type { Clock } from '#runtime/clock';
import { cutHead, recoverCut, setAside } from './cut-head.ts';
import type { Punch } from './hole-punch.ts';

interface LiveRun {
  readonly runId: RunId;
  readonly runDir: string;
  readonly isRunning: boolean;
}

export interface FrozenCutOptions {
  readonly clock: Clock;
  readonly runs: () => readonly LiveRun[];
  readonly orderAction: (message: ActionMessage) => void;
  readonly log: (level: 'warn', message: string) => void;
  readonly cut?: (file: string, upTo: number) => string | null;
}

export interface FrozenCut {
  /** Tries `punch` first. */
  over(punch: Punch): Punch;
  heard(fact: Fact): void;
  /** Before sampling looks at any log: ends what an earlier daemon began, and lets go on what it halted for that. */
  recover(): void;
}

interface Wish {
  readonly file: string;
  readonly upTo: number;
  readonly onEnd: (why: string | null) => void;
}

const haltWithinMs = 5_000;
const reason = 'its log is over the cap, and is shortened while it stands still: its file system punches no holes';
/** Lies in the run directory from before a run is halted until it was told to go on. */
const haltMark = 'halted-for-log';

/** Halts a run through action, cuts the heads of its logs, lets it go on. A run that somebody else has paused waits: its log does not grow. */
export const createFrozenCut = (options: FrozenCutOptions): FrozenCut => {
  const { clock, orderAction, cut = cutHead } = options;
  const wishes = new Map<RunId, Wish[]>();

  const goOn = ({ runId }: LiveRun): void => {
    orderAction({ kind: 'resume-requested', runId, by: 'daemon', reason });
  };

  const halt = (run: LiveRun, wish: Wish): void => {
    const waiting = wishes.get(run.runId);
    if (waiting !== undefined) {
      waiting.push(wish);
      return;
    }
    wishes.set(run.runId, [wish]);
    writeFileSync(path.join(run.runDir, haltMark), '', { mode: 0o600 });
    orderAction({ kind: 'pause-requested', runId: run.runId, by: 'daemon', reason });
    clock.after(haltWithinMs, () => {
      if (wishes.get(run.runId)?.includes(wish)) end(run, () => 'and its processes could not be halted');
    });
  };

  const end = (run: LiveRun, attempt: (wish: Wish) => string | null): void => {
    const due = wishes.get(run.runId) ?? [];
    wishes.delete(run.runId);
    const ends = due.map((wish) => ({ wish, why: attempt(wish) }));
    goOn(run);
    for (const { wish, why } of ends) wish.onEnd(why);
  };

  return {
    over: (punch) => (file, hole, onEnd) =>
      punch(file, hole, (refused) => {
        if (refused === null) return onEnd(null);
        const run = options.runs().find(({ runDir }) => runDir === path.dirname(file));
        if (run?.isRunning !== true) return onEnd(refused);
        const tell = (why: string | null): void => onEnd(why === null ? null : `${refused}, ${why}`);
        halt(run, { file, upTo: hole.from + hole.length, onEnd: tell });
      }),
    heard: (fact) => {
      if (fact.kind !== 'run-paused' && fact.kind !== 'run-resumed') return;
      const run = options.runs().find(({ runId }) => runId === fact.runId);
      if (run === undefined) return;
      // It goes on, or a person has halted it: the next daemon need not let it go on.
      if (fact.kind === 'run-resumed' || fact.reason !== reason)
        rmSync(path.join(run.runDir, haltMark), { force: true });
      if (fact.kind === 'run-resumed' || !wishes.has(fact.runId)) return;
      // Action takes no other order for this run before the fact is taken, which is after all that follows here. Of one that could not be halted as a whole no process is counted.
      const isHalted = fact.reason === reason && fact.processes > 0;
      end(run, ({ file, upTo }) => (isHalted ? cut(file, upTo) : 'and its processes could not be halted'));
    },
    recover: () => {
      for (const run of options.runs()) {
        for (const stream of outputStreams) recoverStream(path.join(run.runDir, outputFileName(stream)), options.log);
        if (existsSync(path.join(run.runDir, haltMark))) goOn(run);
      }
    },
  };
};

const recoverStream = (file: string, log: FrozenCutOptions['log']): void => {
  try {
    recoverCut(file);
  } catch (cause) {
    setAside(file);
    log(
      'warn',
      `${file} was being shortened and could not be mended: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
};
