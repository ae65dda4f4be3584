import type { Colors } from 'picocolors/types.js';
import { formatCommand } from '#protocol/format-command';
import { isOver, type RunState } from '#protocol/run-state';
import type { RunRow } from '#protocol/views';
import { formatBytes, formatSpan } from './quantity.ts';
import { type Column, renderTable } from './table.ts';

export interface Screen {
  readonly nowMs: number;
  /** Columns of the terminal; null where output is not a terminal. */
  readonly width: number | null;
  readonly colors: Colors;
}

/** `flowforge ps`. */
export const renderRunList = (rows: readonly RunRow[], screen: Screen): string =>
  rows.length === 0
    ? 'No runs yet. Start one: flowforge run -- COMMAND\n'
    : renderTable(rows, columnsFor(screen), screen.width);

const columnsFor = ({ nowMs, colors }: Screen): readonly Column<RunRow>[] => [
  { title: 'RUN', of: (row) => row.runId },
  { title: 'NAME', of: (row) => row.name.slice(0, 32) },
  { title: 'STATE', of: stateWords, paint: (cell, row) => paintState(row.state, colors)(cell) },
  { title: 'AGE', of: (row) => ageOf(row, nowMs), align: 'right' },
  { title: 'CPU', of: (row) => (row.cpuPct === null ? '-' : `${row.cpuPct.toFixed(0)} %`), align: 'right' },
  { title: 'MEM', of: (row) => (row.rssBytes === null ? '-' : formatBytes(row.rssBytes)), align: 'right' },
  { title: 'PROCS', of: (row) => (row.processes === null ? '-' : String(row.processes)), align: 'right' },
  { title: 'RULE', of: ruleWords },
  { title: 'COMMAND', of: (row) => formatCommand(row.command) },
];

/** `exited 0`, `stopped (policy)`, `running, stalled`: what it is, and what is remarkable about it. */
const stateWords = (row: RunRow): string => {
  if (row.state === 'exited') return `exited ${row.signal ?? row.exitCode ?? '?'}`;
  if (row.state === 'stopped') return row.stopCause === null ? 'stopped' : `stopped (${row.stopCause})`;
  if (row.state === 'failed') return `failed ${row.exitCode ?? ''}`.trim();
  const isPlain = row.activity === 'active' || row.activity === 'idle';
  return row.state === 'running' && !isPlain ? `running, ${row.activity}` : row.state;
};

const ageOf = (row: RunRow, nowMs: number): string =>
  row.startedAtMs === null ? '-' : formatSpan((row.endedAtMs ?? nowMs) - row.startedAtMs);

/** The rule that is nearest to acting. */
const ruleWords = (row: RunRow): string => {
  const rule = row.rules.find((each) => each.state === 'firing') ?? row.rules.find((each) => each.state === 'pending');
  return rule === undefined ? '-' : `${rule.rule} ${rule.state}`;
};

const paintState = (state: RunState, colors: Colors): ((text: string) => string) => {
  if (state === 'running' || state === 'starting') return colors.green;
  if (state === 'stopped' || state === 'failed' || state === 'lost' || state === 'quarantined') return colors.red;
  return isOver(state) ? colors.dim : colors.yellow;
};
