/** Work in turn within a lane, and side by side between lanes. */
export interface Lanes {
  /** Resolves with what the work gave. An error is for whoever asked for the work; the next in the lane goes on. */
  inTurn<Result>(lane: string, work: () => Promise<Result>): Promise<Result>;
}

export const createLanes = (): Lanes => {
  const tails = new Map<string, Promise<void>>();
  return {
    inTurn: (lane, work) => {
      const result = (tails.get(lane) ?? Promise.resolve()).then(work);
      const settle = (): void => {
        if (tails.get(lane) === tail) tails.delete(lane);
      };
      const tail: Promise<void> = result.then(settle, settle);
      tails.set(lane, tail);
      // A promise of its own: an error that nobody waits for must be seen as unhandled, and the tail handles it.
      return result.then((value) => value);
    },
  };
};
