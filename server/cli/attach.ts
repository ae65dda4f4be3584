import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunId } from '#protocol/ids';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';
import { type ByteTail, createByteTail } from './byte-tail.ts';
import { DaemonAway } from './daemon-client.ts';
import type { DaemonLink } from './daemon-link.ts';
import type { StdinFeed } from './feed-stdin.ts';
import { ownFailureExitCode } from './problem.ts';
import { type Next, whatNext } from './what-next.ts';

export interface Attachment {
  readonly link: DaemonLink;
  readonly stdin: StdinFeed | null;
  /** Told of the run that is followed now: the first, then each restart. */
  readonly onRun: (runId: RunId, generation: number) => void;
  readonly onChange: (view: RunView) => void;
}

/** How a job ended. `view` is null when no daemon could tell: then the exit code is what the run's own file says. */
export interface Outcome {
  readonly runId: RunId;
  readonly exitCode: number;
  readonly view: RunView | null;
}

const lookEveryMs = 40;
/** The rest of the tree is stopped in this time, its grace included; then the exit code alone has to do. */
const settledWithinMs = 60_000;

/**
 * Follows a job from run to run until it is over, by the files of each run: its output goes on, and its exit code is
 * there, while the daemon is dead.
 */
export const attach = async (
  first: { readonly runId: RunId; readonly runDir: string },
  attachment: Attachment,
): Promise<Outcome> => {
  let { runId, runDir } = first;
  for (let generation = 1; ; generation += 1) {
    attachment.onRun(runId, generation);
    attachment.stdin?.follow(runDir);
    const next = await followRun(runId, runDir, attachment);
    if (next.kind !== 'follow') return { runId, exitCode: next.exitCode, view: next.view };
    runId = next.runId;
    runDir = path.join(path.dirname(runDir), next.runId);
  }
};

type Followed =
  | Extract<Next, { kind: 'follow' }>
  | { readonly kind: 'ended'; readonly exitCode: number; readonly view: RunView | null };

const followRun = async (runId: RunId, runDir: string, attachment: Attachment): Promise<Followed> => {
  const tails = [
    createByteTail(path.join(runDir, 'stdout.log'), process.stdout),
    createByteTail(path.join(runDir, 'stderr.log'), process.stderr),
  ];
  const watch = watchRun(runId, attachment);
  while (!existsSync(path.join(runDir, 'exit')) && !watch.isOver()) {
    await pumpAll(tails);
    await Promise.race([sleep(lookEveryMs), watch.ended]);
  }
  // Everything the job itself wrote is in the files by now; what its orphans still write comes while we wait for the verdict.
  await pumpAll(tails);
  const next = await settle(runId, runDir, attachment);
  await pumpAll(tails);
  watch.stop();
  await Promise.all(tails.map((tail) => tail.close()));
  return next;
};

const pumpAll = (tails: readonly ByteTail[]): Promise<unknown> => Promise.all(tails.map((tail) => tail.pump()));

/** Keeps an eye on the record while the job runs: a run may end without an exit file (taken from the queue, lost). */
const watchRun = (
  runId: RunId,
  { link, onChange }: Attachment,
): { readonly ended: Promise<void>; isOver(): boolean; stop(): void } => {
  let isDone = false;
  let isStopped = false;
  const watch = async (): Promise<void> => {
    let seen = 0;
    while (!isDone && !isStopped) {
      const view = await link.ask(async (client) => (await client.wait(runId, seen)).run).catch(() => null);
      if (isStopped) return;
      // No daemon, or no place left for one who waits: the files still tell how the run ends.
      if (view === null) await sleep(2_000);
      else if (view.lastSeq > seen) onChange(view);
      seen = view?.lastSeq ?? seen;
      isDone = view !== null && isOver(view.state);
    }
  };
  return {
    ended: watch(),
    isOver: () => isDone,
    stop: () => {
      isStopped = true;
    },
  };
};

/** Asks the record what the end of the run meant; an announced restart is waited for as long as it takes. */
const settle = async (runId: RunId, runDir: string, { link, onChange }: Attachment): Promise<Followed> => {
  const startedMs = performance.now();
  for (;;) {
    const view = await link.ask(async (client) => (await client.run(runId)).run).catch(orNobody);
    if (view !== null) onChange(view);
    const next: Next = view === null ? { kind: 'wait' } : whatNext(view);
    if (next.kind === 'follow') return next;
    if (next.kind === 'ended') return { ...next, view };
    const isAnnounced = view !== null && view.restartDueAtMs !== null;
    if (view === null || (!isAnnounced && performance.now() - startedMs > settledWithinMs)) {
      return { kind: 'ended', exitCode: exitFileCode(runDir) ?? ownFailureExitCode, view };
    }
    await sleep(lookEveryMs);
  }
};

const orNobody = (error: unknown): null => {
  if (error instanceof DaemonAway) return null;
  throw error;
};

const exitFileCode = (runDir: string): number | null => {
  try {
    const exit: unknown = JSON.parse(readFileSync(path.join(runDir, 'exit'), 'utf8'));
    return typeof exit === 'object' && exit !== null && 'code' in exit && typeof exit.code === 'number'
      ? exit.code
      : null;
  } catch {
    return null; // never written: the run was lost or never started
  }
};
