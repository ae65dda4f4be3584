import type { FactKind } from './facts.ts';

export const runStates = [
  'queued',
  'starting',
  'running',
  'paused',
  'stopping',
  'exited',
  'stopped',
  'failed',
  'quarantined',
  'lost',
] as const;
/** `exited` is by itself, `stopped` by FlowForge or its user, `failed` could not be started, `lost` is of unknown end. */
export type RunState = (typeof runStates)[number];

/** What the job seems to be busy with while it runs. */
export type Activity = 'active' | 'idle' | 'needs-input' | 'stalled';

export const isOver = (state: RunState): boolean =>
  state === 'exited' || state === 'stopped' || state === 'failed' || state === 'quarantined' || state === 'lost';

export interface Arrow {
  readonly from: RunState | 'none';
  readonly to: RunState;
  readonly by: FactKind;
  readonly when: string;
}

/** The whole life of a run. `docs/lifecycle.md` is printed from this table, and a spec walks it against the fold. */
export const arrows: readonly Arrow[] = [
  { from: 'none', to: 'starting', by: 'run-requested', when: 'somebody asked for the job and there is room' },
  { from: 'none', to: 'queued', by: 'run-queued', when: 'the fleet is at its maximum, or the host is short of memory' },
  { from: 'queued', to: 'starting', by: 'run-requested', when: 'there is room' },
  { from: 'queued', to: 'stopped', by: 'run-dequeued', when: 'it was stopped before it started' },
  {
    from: 'starting',
    to: 'running',
    by: 'run-started',
    when: 'its process is there, identified by boot, pid and start time',
  },
  {
    from: 'starting',
    to: 'failed',
    by: 'run-start-failed',
    when: 'the command is missing, not executable, or the start failed',
  },
  { from: 'starting', to: 'exited', by: 'run-exited', when: 'it ended before its start was noticed' },
  { from: 'starting', to: 'stopping', by: 'stop-began', when: 'it is to end before its start was noticed' },
  {
    from: 'starting',
    to: 'lost',
    by: 'run-lost',
    when: 'the daemon died while it was starting and nothing tells what came of it',
  },
  { from: 'running', to: 'paused', by: 'run-paused', when: 'its tree was frozen' },
  { from: 'paused', to: 'running', by: 'run-resumed', when: 'its tree was thawed' },
  { from: 'running', to: 'stopping', by: 'stop-began', when: 'a rule, a limit or a person decided to end it' },
  { from: 'paused', to: 'stopping', by: 'stop-began', when: 'a rule, a limit or a person decided to end it' },
  { from: 'running', to: 'exited', by: 'run-exited', when: 'its main process ended by itself' },
  {
    from: 'paused',
    to: 'exited',
    by: 'run-exited',
    when: 'its main process ended while frozen (a signal from elsewhere)',
  },
  { from: 'stopping', to: 'stopped', by: 'run-exited', when: 'its main process ended after a stop began' },
  { from: 'stopping', to: 'lost', by: 'run-lost', when: 'its exit can no longer be known' },
  { from: 'running', to: 'failed', by: 'run-start-failed', when: 'its command turned out not to be executable' },
  { from: 'running', to: 'lost', by: 'run-lost', when: 'the machine rebooted, or its exit can no longer be known' },
  { from: 'paused', to: 'lost', by: 'run-lost', when: 'the machine rebooted, or its exit can no longer be known' },
  { from: 'exited', to: 'quarantined', by: 'job-quarantined', when: 'its restarts are used up' },
  { from: 'stopped', to: 'quarantined', by: 'job-quarantined', when: 'its restarts are used up' },
  { from: 'failed', to: 'quarantined', by: 'job-quarantined', when: 'its restarts are used up' },
];
