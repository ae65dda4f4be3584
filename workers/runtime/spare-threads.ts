import { Worker } from 'node:worker_threads';
import type { WorkerPlan } from './worker-plan.ts';

/** A thread that has loaded its modules and waits to be born: see `hostWorker`. */
export const openThread = (plan: WorkerPlan): Worker =>
  new Worker(plan.entry, {
    name: plan.name,
    // A small nursery: five of the default size hold more memory than all that FlowForge remembers.
    resourceLimits: { maxOldGenerationSizeMb: plan.maxHeapMb, maxYoungGenerationSizeMb: 8 },
  });

/** After a spare that was not needed, no other one is made for so long: loading modules costs a core for a while. */
const restMs = 30_000;
const aheadForMs = 60_000;

/** At most one spare of each worker. Made when one falls silent, so that its successor need not load its modules first. */
export interface SpareThreads {
  prepare(plan: WorkerPlan, nowMs: number): void;
  /** A worker has just died and has a successor: who died once may soon die again, so the next one loads ahead for a minute. */
  prepareAhead(plan: WorkerPlan, nowMs: number): void;
  /** The silent one speaks again, and a spare that was made ahead has had its time. */
  dismiss(name: string, nowMs: number): void;
  take(name: string): Worker | null;
  stop(): Promise<void>;
}

export const createSpareThreads = (open: (plan: WorkerPlan) => Worker = openThread): SpareThreads => {
  const spares = new Map<string, Worker>();
  const restUntilMs = new Map<string, number>();
  const heldUntilMs = new Map<string, number>();

  const take = (name: string): Worker | null => {
    const spare = spares.get(name) ?? null;
    spares.delete(name);
    spare?.removeAllListeners();
    return spare;
  };

  const load = (plan: WorkerPlan): void => {
    if (spares.has(plan.name)) return;
    const spare = open(plan);
    const drop = (): void => {
      if (spares.get(plan.name) === spare) spares.delete(plan.name);
    };
    // Whatever is wrong with it will be wrong with the next one, too, and is told of that one.
    spare.on('error', drop);
    spare.on('exit', drop);
    spares.set(plan.name, spare);
  };

  return {
    prepare: (plan, nowMs) => {
      if (nowMs >= (restUntilMs.get(plan.name) ?? 0)) load(plan);
    },
    prepareAhead: (plan, nowMs) => {
      heldUntilMs.set(plan.name, nowMs + aheadForMs);
      load(plan);
    },
    dismiss: (name, nowMs) => {
      const spare = spares.get(name);
      if (spare === undefined || nowMs < (heldUntilMs.get(name) ?? 0)) return;
      spares.delete(name);
      restUntilMs.set(name, nowMs + restMs);
      void spare.terminate();
    },
    take,
    stop: async () => {
      await Promise.all([...spares.values()].map((spare) => spare.terminate()));
      spares.clear();
    },
  };
};
