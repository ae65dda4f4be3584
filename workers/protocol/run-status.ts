import { assertNever } from './assert-never.ts';
import { isOver } from './run-state.ts';
import type { RunRow } from './views.ts';

/** Shape of the symbol; a state is told by shape, word and colour, never by one of them alone. */
export type StatusShape =
  | 'dot'
  | 'half'
  | 'dashed'
  | 'hourglass'
  | 'triangle'
  | 'bars'
  | 'square'
  | 'square-open'
  | 'tick'
  | 'cross'
  | 'cycle'
  | 'question'
  | 'barred'
  | 'clock';
export type Tone = 'good' | 'attention' | 'risk' | 'bad' | 'calm' | 'muted' | 'accent';

export interface RunStatus {
  readonly shape: StatusShape;
  readonly word: string;
  readonly tone: Tone;
}

export const buckets = ['needs-you', 'at-risk', 'paused', 'running', 'failed', 'done'] as const;
/** The one group of the fleet that a run is counted in. */
export type Bucket = (typeof buckets)[number];

export const bucketFaces: Readonly<Record<Bucket, RunStatus>> = {
  'needs-you': { shape: 'half', word: 'needs you', tone: 'attention' },
  'at-risk': { shape: 'triangle', word: 'at risk', tone: 'risk' },
  paused: { shape: 'bars', word: 'paused', tone: 'calm' },
  running: { shape: 'dot', word: 'running', tone: 'good' },
  failed: { shape: 'cross', word: 'failed', tone: 'bad' },
  done: { shape: 'tick', word: 'done', tone: 'muted' },
};

export const bucketMeanings: Readonly<Record<Bucket, string>> = {
  'needs-you': 'waits for a person, or makes no headway',
  'at-risk': 'a rule is pending or firing',
  paused: 'frozen, and kept',
  running: 'starting, running, queued or about to be restarted',
  failed: 'ended badly: an error, a lost process, or stopped by a rule or a limit',
  done: 'ended well, or stopped by you',
};

export const bucketOf = (row: RunRow): Bucket => {
  if (row.restartDueAtMs !== null && isOver(row.state)) return 'running';
  switch (row.state) {
    case 'failed':
    case 'quarantined':
    case 'lost':
      return 'failed';
    case 'stopped':
      return wasStoppedByRule(row) ? 'failed' : 'done';
    case 'exited':
      return row.exitCode === 0 ? 'done' : 'failed';
    case 'paused':
      return 'paused';
    case 'running':
      if (row.activity === 'needs-input') return 'needs-you';
      if (isAtRisk(row)) return 'at-risk';
      return row.activity === 'stalled' ? 'needs-you' : 'running';
    case 'queued':
    case 'starting':
    case 'stopping':
      return 'running';
    default:
      return assertNever(row.state);
  }
};

export const statusOf = (row: RunRow): RunStatus => {
  if (row.restartDueAtMs !== null && isOver(row.state)) return { shape: 'cycle', word: 'restarting', tone: 'accent' };
  switch (row.state) {
    case 'queued':
      return { shape: 'clock', word: 'queued', tone: 'muted' };
    case 'starting':
      return { shape: 'clock', word: 'starting', tone: 'accent' };
    case 'running':
      return runningStatus(row);
    case 'paused':
      return { shape: 'bars', word: 'paused', tone: 'calm' };
    case 'stopping':
      return { shape: 'square', word: 'stopping', tone: 'risk' };
    case 'stopped':
      return wasStoppedByRule(row)
        ? { shape: 'square', word: `stopped by ${row.stopCause}`, tone: 'bad' }
        : { shape: 'square-open', word: stoppedWord(row), tone: 'muted' };
    case 'exited':
      return row.exitCode === 0
        ? { shape: 'tick', word: 'done', tone: 'muted' }
        : { shape: 'cross', word: row.signal === null ? `exit ${row.exitCode}` : row.signal, tone: 'bad' };
    case 'failed':
      return { shape: 'cross', word: 'did not start', tone: 'bad' };
    case 'quarantined':
      return { shape: 'barred', word: 'quarantined', tone: 'bad' };
    case 'lost':
      return { shape: 'question', word: 'lost', tone: 'bad' };
    default:
      return assertNever(row.state);
  }
};

const runningStatus = (row: RunRow): RunStatus => {
  if (row.activity === 'needs-input') return { shape: 'half', word: 'needs input', tone: 'attention' };
  if (isAtRisk(row)) return { shape: 'triangle', word: 'at risk', tone: 'risk' };
  if (row.activity === 'stalled') return { shape: 'hourglass', word: 'stalled', tone: 'attention' };
  if (row.activity === 'idle') return { shape: 'dashed', word: 'idle', tone: 'muted' };
  return { shape: 'dot', word: 'running', tone: 'good' };
};

const stoppedWord = (row: RunRow): string => {
  if (row.stopCause === 'user') return 'stopped by you';
  return row.stopCause === null ? 'stopped' : `stopped (${row.stopCause})`;
};

const wasStoppedByRule = (row: RunRow): boolean =>
  row.stopCause === 'policy' || row.stopCause === 'limit' || row.stopCause === 'budget';

const isAtRisk = (row: RunRow): boolean =>
  row.rules.some((rule) => rule.state !== 'inactive' && rule.severity !== 'info');

/** An age grows by itself: the gateway sends it when it falls, and what has passed since is added here. */
export const progressAgeMsOf = (row: RunRow, nowMs: number): number | null =>
  row.progressAgeS === null ? null : row.progressAgeS * 1000 + Math.max(0, nowMs - (row.liveAtMs ?? nowMs));
