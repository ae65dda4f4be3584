import type { CoordinatorControl, WorkerStatus } from '#protocol/control';
import type { Fact } from '#protocol/facts';

/** How the workers were when last asked: asked again whenever a fact speaks of one, so that a snapshot need not wait. */
export interface WorkerWatch {
  heard(facts: readonly Fact[]): void;
  look(): void;
  last(): readonly WorkerStatus[];
}

export const createWorkerWatch = (
  coordinator: Pick<CoordinatorControl, 'workers'>,
  note: (error: unknown) => void,
): WorkerWatch => {
  let last: readonly WorkerStatus[] = [];
  const look = (): void => {
    coordinator.workers().then((workers) => {
      last = workers;
    }, note);
  };
  return {
    heard: (facts) => {
      if (facts.some(({ kind }) => kind.startsWith('worker-'))) look();
    },
    look,
    last: () => last,
  };
};
