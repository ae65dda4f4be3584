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

  /** Numbers that did not change are not sent: the sparkline goes on at the height it had. */
  carryOn(): void {
    if (isOver(this.row.state)) return;
    this.#remember(this.row.cpuPct, this.row.rssBytes);
  }

  takeTick(tick: TickRow, atMs: number): void {
    const [, cpuPct, rssBytes, processes, progressAgeS, , costUsd] = tick;
    this.row = { ...this.row, cpuPct, rssBytes, processes, progressAgeS, costUsd, liveAtMs: atMs };
    this.#remember(cpuPct, rssBytes);
  }

  #remember(cpuPct: number | null, rssBytes: number | null): void {
    if (cpuPct !== null) this.cpuHistory = appended(this.cpuHistory, cpuPct);
    if (rssBytes !== null) this.memoryHistory = appended(this.memoryHistory, rssBytes);
  }
}

const appended = (history: readonly number[], value: number): readonly number[] => [
  ...history.slice(1 - historyPoints),
  value,
];
