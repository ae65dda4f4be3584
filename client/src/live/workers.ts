import type { DaemonStatus, WorkerStatus } from '#protocol/control';
import type { Fact } from '#protocol/facts';

/** Keeps the state of FlowForge's own threads true between two snapshots. */
export const foldWorkers = (status: DaemonStatus, fact: Fact): DaemonStatus => {
  if (status.workers === undefined) return status;
  const changed = (name: string, change: (worker: WorkerStatus) => WorkerStatus): DaemonStatus => ({
    ...status,
    workers: status.workers?.map((worker) => (worker.worker === name ? change(worker) : worker)) ?? [],
  });
  switch (fact.kind) {
    case 'worker-started':
      return changed(fact.worker, (worker) => ({
        ...worker,
        state: 'up',
        generation: fact.generation,
        startedAtMs: fact.atMs,
      }));
    case 'worker-died':
      return changed(fact.worker, (worker) => ({
        ...worker,
        state: 'down',
        deaths: worker.deaths + 1,
        lastDeath: fact.why,
      }));
    case 'worker-given-up':
      return changed(fact.worker, (worker) => ({ ...worker, state: 'given-up', deaths: fact.deaths }));
    default:
      return status;
  }
};
