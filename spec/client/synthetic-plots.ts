import { parseInterventionId, parseJobId, type RunId } from '#protocol/ids';
import type { LiveRule } from '#protocol/messages';
import { exited, loopStory, type PastFact, shadowStory } from './synthetic-stories.ts';

/** What one synthetic run is up to. */
export interface Plot {
  readonly name: string;
  readonly argv: readonly string[];
  readonly ageS: number;
  readonly cpuPct: number;
  readonly memoryMib: number;
  readonly leakMib?: number;
  readonly processes: number;
  readonly progressAgeS: number;
  readonly lastLine: string;
  readonly mood?: 'stalled' | 'needs-input';
  readonly costUsd?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules?: readonly (Omit<LiveRule, 'sinceMs'> & { readonly heldMs: number })[];
  readonly end?: 'queued' | 'starting' | 'did-not-start';
  readonly after?: (runId: RunId) => readonly PastFact[];
}

const quiet = { ageS: 3600, cpuPct: 12, memoryMib: 180, processes: 2, progressAgeS: 3 } as const;
const special: readonly Plot[] = [
  {
    ...quiet,
    name: 'api/fix-auth',
    argv: ['claude', '-p', 'fix the login'],
    mood: 'needs-input',
    cpuPct: 1.4,
    memoryMib: 410,
    lastLine: 'Allow Bash(git push)?',
    costUsd: 0.84,
    labels: { team: 'api', agent: 'claude' },
  },
  {
    ...quiet,
    name: 'embed-notes',
    argv: ['python3', 'embed.py', '--shard', '4'],
    mood: 'stalled',
    cpuPct: 0.2,
    memoryMib: 2210,
    progressAgeS: 940,
    lastLine: 'waiting for lock /tmp/index.lock',
    labels: { team: 'data' },
  },
  {
    ...quiet,
    name: 'web/migrate',
    argv: ['codex', 'exec', 'migrate the tests'],
    cpuPct: 61,
    memoryMib: 1130,
    progressAgeS: 96,
    lastLine: 'Request timed out',
    costUsd: 3.91,
    labels: { team: 'web', agent: 'codex' },
    after: shadowStory,
    rules: [
      {
        rule: 'tool-loop',
        state: 'pending',
        severity: 'warn',
        dwellMs: 60_000,
        heldMs: 38_000,
        summary: 'Bash "npm i -D vitest": 4 times with the same result',
      },
    ],
  },
  {
    ...quiet,
    name: 'reindex-search',
    argv: ['node', 'reindex.js', '--all'],
    cpuPct: 97,
    memoryMib: 640,
    leakMib: 4,
    progressAgeS: 44,
    lastLine: 'retry 4242: connection refused',
    rules: [
      {
        rule: 'cpu-and-repeating',
        state: 'firing',
        severity: 'critical',
        dwellMs: 8000,
        heldMs: 3000,
        summary: 'CPU 97 % and a block of 3 lines, 212 times, no progress for 44 s',
      },
    ],
  },
  {
    ...quiet,
    name: 'backfill-2024',
    argv: ['python3', 'backfill.py'],
    cpuPct: 0,
    memoryMib: 512,
    lastLine: 'day 2024-03-11 done',
    after: (runId) => [
      {
        agoS: 660,
        body: {
          kind: 'run-paused',
          resumeAtMs: null,
          runId,
          interventionId: parseInterventionId('01KE0000000000000000000002'),
          processes: 2,
          by: 'dashboard',
          reason: 'look at it first',
        },
      },
    ],
  },
  { ...quiet, name: 'waiting-for-room', argv: ['make', 'bench'], end: 'queued', lastLine: '', cpuPct: 0 },
  {
    ...quiet,
    name: 'sync-orders',
    argv: ['python3', 'sync_orders.py', '--since', 'yesterday'],
    cpuPct: 0,
    lastLine: 'processing request 4242 failed, retrying endlessly',
    after: loopStory,
  },
  { ...quiet, name: 'build-docs', argv: ['npm', 'run', 'docs'], lastLine: 'wrote 412 pages', after: exited(0, 500) },
  { ...quiet, name: 'integration-tests', argv: ['npx', 'mocha'], lastLine: '3 failing', after: exited(1, 900) },
  {
    ...quiet,
    name: 'ghost',
    argv: ['no-such-command'],
    end: 'did-not-start',
    lastLine: '',
    after: (runId) => [
      {
        agoS: 1200,
        body: { kind: 'run-start-failed', runId, exitCode: 127, reason: 'no-such-command: not found in PATH' },
      },
    ],
  },
  {
    ...quiet,
    name: 'flaky-worker',
    argv: ['./worker.sh'],
    lastLine: 'segmentation fault',
    after: (runId) => [
      ...exited(139, 60)(runId),
      {
        agoS: 59,
        body: {
          kind: 'restart-scheduled',
          runId,
          jobId: parseJobId(runId),
          attempt: 2,
          delayMs: 90_000,
          dueAtMs: Date.now() + 30_000,
          cause: 'crash',
          reason: 'ended with code 139',
        },
      },
    ],
  },
];

const chores = [
  'train-lora',
  'crawl-docs',
  'nightly-report',
  'resize-images',
  'eval-suite',
  'sync-calendar',
  'label-tickets',
  'render-video',
];

const chore = (index: number): Plot => {
  const name = chores[index % chores.length] ?? 'chore';
  return {
    ...quiet,
    name: `${name}-${Math.floor(index / chores.length) + 1}`,
    argv: ['python3', `${name.replace('-', '_')}.py`, '--shard', String(index)],
    ageS: 120 + index * 431,
    cpuPct: 4 + ((index * 37) % 92),
    memoryMib: 60 + ((index * 113) % 1900),
    processes: 1 + (index % 5),
    progressAgeS: index % 9,
    lastLine: `step {n}  loss 0.${400 + index}  ${12 + index} it/s`,
    labels: { team: index % 2 === 0 ? 'ml' : 'web' },
  };
};

/** The special ones first, then chores. */
export const plotsFor = (runs: number): readonly Plot[] =>
  [...special, ...Array.from({ length: Math.max(0, runs - special.length) }, (_, index) => chore(index))].slice(
    0,
    runs,
  );
