import type { Finding } from '#protocol/judgement';
import type { LineHistory } from './line-history.ts';

/** A repetition as the signals tell it, whatever its level. */
export interface RepetitionNow {
  readonly period: number;
  readonly cycles: number;
  readonly lines: number;
  readonly startedAtMs: number;
}

/** One way of looking at the lines of a run; all of them share one history. */
export interface LineWatch {
  readonly id: string;
  /** Looks at the newest line of the history. */
  push(history: LineHistory): void;
  open(nowMs: number): Finding | null;
  episodes(): readonly Finding[];
  /** What repeats right now, as soon as it is certain; null when nothing does. */
  repetition(): RepetitionNow | null;
  readonly bytes: number;
}

/** What was ignored when lines were compared exactly (L1) or by template (L2). */
export const maskedInL1 = [
  'times and dates',
  'durations',
  'uuids and hexadecimal ids',
  'numbers of processes, sessions and attempts',
  'colours and bars',
] as const;
export const maskedInL2 = [...maskedInL1, 'every other number'] as const;

/** Seconds with one decimal where that says something. */
export const inSeconds = (ms: number): string =>
  ms < 10_000 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000).toString();
