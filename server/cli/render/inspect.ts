import { formatCommand } from '#protocol/format-command';
import { escapeControls } from './escape.ts';
import { formatBytes, formatSpan, formatTime } from './quantity.ts';
import type { RunStory } from './run-story.ts';

/** `flowforge inspect`, for people. */
export const renderInspect = (story: RunStory): string => {
  const facts = factsOf(story).map(([title, text]) => `${title.padEnd(12)}${escapeControls(text)}`);
  const timeline = story.timeline.map(({ atMs, text }) => `  ${formatTime(atMs)}  ${escapeControls(text)}`);
  return `${[...facts, '', 'timeline', ...timeline].join('\n')}\n`;
};

const factsOf = ({ run, row, incidents }: RunStory): readonly [string, string][] => {
  const { limits } = run;
  const always: readonly [string, string][] = [
    ['run', `${run.runId} (job ${run.jobId}, generation ${run.generation})`],
    ['name', run.name],
    ['state', run.state === 'running' ? `running, ${row.activity}` : run.state],
    ['command', formatCommand(run.command)],
    ['directory', run.cwd],
    ['process', run.pid === null ? '-' : String(run.pid)],
    [
      'labels',
      Object.entries(run.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ') || '-',
    ],
    ['policy', `${run.policy} (profile ${run.profile})`],
    [
      'contained',
      `${run.containment}${run.verifiedEmpty ? ', verified empty' : ''}${run.survivors > 0 ? `, ${run.survivors} survivors` : ''}`,
    ],
    [
      'incidents',
      incidents.length === 0
        ? 'none'
        : incidents.map(({ rule, state, action }) => `${rule} (${state}, ${action})`).join(', '),
    ],
  ];
  const sometimes: readonly [string, string | null][] = [
    [
      'limits',
      limits &&
        `CPU ${limits.maxCpuPct} %, memory ${limits.maxMemBytes === null ? 'none' : formatBytes(limits.maxMemBytes)}, time ${limits.timeoutMs === null ? 'none' : formatSpan(limits.timeoutMs)}, grace ${formatSpan(limits.graceMs)}`,
    ],
    ['restarts', run.restart.mode === 'no' ? null : `${run.restart.mode}, at most ${run.restart.max}`],
    [
      'uses',
      row.liveAtMs === null
        ? null
        : `CPU ${row.cpuPct?.toFixed(0) ?? '-'} %, memory ${row.rssBytes === null ? '-' : formatBytes(row.rssBytes)}, ${row.processes ?? '-'} processes`,
    ],
    ['last line', row.lastLine],
    [
      'rules',
      row.rules.length === 0
        ? null
        : row.rules.map(({ rule, state, summary }) => `${rule} ${state}: ${summary}`).join('; '),
    ],
    [
      'ended',
      run.endedAtMs === null
        ? null
        : `${new Date(run.endedAtMs).toISOString()}, ${run.signal ?? `code ${run.exitCode ?? '?'}`}`,
    ],
    ['stopped', run.stopReason && `${run.stopCause}: ${run.stopReason}`],
    ['adopted', run.adoption],
    ['trouble', run.trouble],
    ['next run', run.nextRunId],
  ];
  return [
    ...always,
    ...sometimes.flatMap(([title, text]): [string, string][] => (text === null ? [] : [[title, text]])),
  ];
};
