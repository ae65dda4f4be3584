import type { WorkerName } from '#protocol/facts';
import type { SupervisionEvent } from '#runtime/worker-plan';
import type { FactDesk } from './fact-desk.ts';

/** Threads that no longer listen and cannot be ended: with two of them, a new process is cleaner. */
const abandonedAtMost = 2;
const cannotGuard = 70;

/** What becomes of each birth and death of a thread: it is said, and where no new thread can help, the daemon ends. */
export const attendWorkers =
  (options: {
    readonly desk: Pick<FactDesk, 'say'>;
    readonly refill: () => void;
    readonly log: (level: 'error', message: string) => void;
    /** What nobody else will do any more, before the daemon ends. */
    readonly onGivenUp: (worker: WorkerName) => Promise<void>;
    readonly onEnd: (code: number) => void;
  }) =>
  (event: SupervisionEvent): void => {
    const { desk, log } = options;
    const worker = event.worker as WorkerName;
    switch (event.kind) {
      case 'started':
        desk.say({ kind: 'worker-started', worker, generation: event.generation, tookMs: event.tookMs });
        // A new detection needs the recent past, which sampling can read again.
        if (event.generation > 1 && worker === 'detection') options.refill();
        return;
      case 'died': {
        const { generation, why } = event;
        log('error', `${worker} died: ${why}`);
        desk.say({ kind: 'worker-died', worker, generation, why: why.split('\n')[0] ?? why });
        return;
      }
      case 'abandoned':
        log('error', `${worker} could not be ended: a system call holds its thread`);
        if (event.inAll >= abandonedAtMost) options.onEnd(cannotGuard);
        return;
      case 'given-up':
        desk.say({ kind: 'worker-given-up', worker, deaths: event.deaths, windowMs: event.windowMs }, { sync: true });
        // A whole new process is the last thing that can help; jobs live on, the keeper starts it.
        void options.onGivenUp(worker).finally(() => options.onEnd(cannotGuard));
        return;
    }
  };
