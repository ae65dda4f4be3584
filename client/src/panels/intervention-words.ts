import type { InterventionKind } from '../live/intervention.svelte.ts';

export interface InterventionWords {
  readonly verb: string;
  readonly warning: string;
  /** What is true once the fact that ends it has arrived. */
  readonly done: string;
  readonly reasons: readonly string[];
}

export const interventionWords: Readonly<Record<InterventionKind, InterventionWords>> = {
  stop: {
    verb: 'Stop',
    warning: 'SIGTERM first, a hard end after the grace. You see here whether all of it is really gone.',
    done: 'Done. Nothing of it is left running.',
    reasons: ['it repeats itself', 'it costs too much', 'no longer needed'],
  },
  restart: {
    verb: 'Restart',
    warning: 'It is stopped, then the same command starts again as a new run.',
    done: 'Done. It runs again.',
    reasons: ['it is stuck', 'with a fresh start', 'after a fix'],
  },
  pause: {
    verb: 'Pause',
    warning: 'It is frozen where it stands. Memory stays in use; open connections may time out.',
    done: 'Done. All of it is frozen.',
    reasons: ['look at it first', 'the machine needs room', 'wait for a person'],
  },
  resume: {
    verb: 'Resume',
    warning: 'It goes on where it was frozen.',
    done: 'Done. It goes on.',
    reasons: ['looked at, all is well', 'room again'],
  },
};
