import type { TickRow } from '#protocol/gateway-api';
import { isOver } from '#protocol/run-state';
import type { RunRow } from '#protocol/views';

/** Points a sparkline holds: a minute at one tick a second. */
export const historyPoints = 60;

/** One run of the fleet: its newest row, and the last minute of its numbers. */
export class LiveRun {
  row: RunRow;
  cpuHistory = $state.raw<readonly number[]>([]);
  memoryHistory = $state.raw<readonly number[]>([]);

  constructor(row: RunRow) {
    this.row = $state.raw(row);
  }

  replaceRow(row: RunRow): void {
    this.row = row;
  }

  takeTick(tick: TickRow, atMs: number): void {
    const [, cpuPct, rssBytes, processes, progressAgeS, , costUsd] = tick;
    this.row = { ...this.row, cpuPct, rssBytes, processes, progressAgeS, costUsd, liveAtMs: atMs };
  }

  /** Once a second, changed or not: numbers that stay the same are not sent. */
  remember(): void {
    const { state, cpuPct, rssBytes } = this.row;
    if (isOver(state)) return;
    if (cpuPct !== null) this.cpuHistory = appended(this.cpuHistory, cpuPct);
    if (rssBytes !== null) this.memoryHistory = appended(this.memoryHistory, rssBytes);
  }
}

const appended = (history: readonly number[], value: number): readonly number[] => [
  ...history.slice(1 - historyPoints),
  value,
];
