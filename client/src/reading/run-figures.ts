import { isOver } from '#protocol/run-state';
import { progressAgeMsOf } from '#protocol/run-status';
import type { RunRow, RunView } from '#protocol/views';
import { formatDuration, formatExact, formatMoment, formatUsd } from './format.ts';

export interface RunFigure {
  readonly name: string;
  readonly value: string;
  readonly title?: string;
}

/** What is known of a run besides its charts, in the order one asks for it; what is not known is left out. */
export const runFigures = (row: RunRow, run: RunView | null, nowMs: number): readonly RunFigure[] => {
  const progressAgeMs = progressAgeMsOf(row, nowMs);
  const figures: readonly RunFigure[] = [
    { name: 'pid', value: textOf(row.pid) },
    { name: 'processes', value: textOf(row.processes) },
    ...timesOf(row, nowMs),
    { name: 'ended', value: endOf(row) },
    { name: 'progress', value: progressAgeMs === null ? '' : `${formatDuration(progressAgeMs)} ago` },
    { name: 'cost', value: row.costUsd === null ? '' : formatUsd(row.costUsd) },
    { name: 'policy', value: row.policy },
    { name: 'profile', value: run?.profile ?? '' },
    { name: 'containment', value: row.containment, title: 'how surely "killed" can be said' },
    { name: 'generation', value: row.generation > 1 ? String(row.generation) : '' },
    { name: 'labels', value: labelsOf(row) },
  ];
  return figures.filter(({ value }) => value !== '');
};

const timesOf = (row: RunRow, nowMs: number): readonly RunFigure[] => {
  if (row.startedAtMs === null) return [];
  return [
    { name: 'started', value: formatMoment(row.startedAtMs, nowMs), title: formatExact(row.startedAtMs) },
    {
      name: isOver(row.state) ? 'ran for' : 'running for',
      value: formatDuration((row.endedAtMs ?? nowMs) - row.startedAtMs),
    },
  ];
};

const endOf = ({ exitCode, signal }: RunRow): string => {
  if (exitCode === null) return '';
  return signal === null ? `code ${exitCode}` : `${signal} (code ${exitCode})`;
};

const labelsOf = (row: RunRow): string =>
  Object.entries(row.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

const textOf = (value: number | null): string => (value === null ? '' : String(value));
