import type { Clock } from '#runtime/clock';

export interface Round {
  start(): void;
  /** Resolves when the turn that is under way has ended. */
  stop(): Promise<void>;
}

/** Does something again and again, a while after it was done last; an error is noted, and the next turn comes. */
export const createRound = (
  everyMs: number,
  turn: () => Promise<void>,
  { clock, note }: { readonly clock: Clock; readonly note: (error: unknown) => void },
): Round => {
  let cancel = (): void => undefined;
  let underWay: Promise<void> = Promise.resolve();
  let isStopped = false;
  const go = (): void => {
    underWay = turn()
      .catch((error: unknown) => {
        if (!isStopped) note(error);
      })
      .finally(() => {
        if (!isStopped) cancel = clock.after(everyMs, go);
      });
  };
  return {
    start: go,
    stop: () => {
      isStopped = true;
      cancel();
      return underWay;
    },
  };
};
