import type { IncidentView } from '#protocol/views';
import { formatTime } from './quantity.ts';
import type { Screen } from './run-list.ts';
import { type Column, renderTable } from './table.ts';

/** `flowforge incidents`. */
export const renderIncidentList = (incidents: readonly IncidentView[], screen: Screen): string =>
  incidents.length === 0 ? 'No incidents.\n' : renderTable(incidents, columnsFor(screen), screen.width);

const columnsFor = ({ colors, nowMs }: Screen): readonly Column<IncidentView>[] => [
  { title: 'INCIDENT', of: ({ incidentId }) => incidentId },
  {
    title: 'OPENED',
    of: ({ openedAtMs }) =>
      nowMs - openedAtMs < 86_400_000 ? formatTime(openedAtMs) : new Date(openedAtMs).toISOString().slice(0, 10),
  },
  { title: 'JOB', of: ({ name }) => name.slice(0, 32) },
  { title: 'RULE', of: ({ rule }) => rule },
  {
    title: 'SEVERITY',
    of: ({ severity }) => severity,
    paint: (cell, { severity }) =>
      severity === 'critical' ? colors.red(cell) : severity === 'warn' ? colors.yellow(cell) : cell,
  },
  { title: 'STATE', of: ({ state, outcome }) => (outcome === null ? state : `${state}, ${outcome}`) },
  { title: 'ACTION', of: ({ action, enforced }) => (enforced || action === 'continue' ? action : `would ${action}`) },
  { title: 'SUMMARY', of: ({ summary }) => summary },
];
