import type { AgentEvent } from './agent-events.ts';
import type { RunId } from './ids.ts';

/** One pass over the processes of one run. Rates are of the time since the pass before; null where there was none. */
export interface ProcessFigures {
  /** Percent of one core, whole tree; null on the first pass. */
  readonly cpuPct: number | null;
  /** CPU used plus time spent ready to run while others had the cores: what it would use alone. null as above. */
  readonly demandPct: number | null;
  readonly rssBytes: number;
  readonly processes: number;
  readonly zombies: number;
  readonly threads: number;
  /** Open descriptors of the main process; null where they cannot be read. */
  readonly fds: number | null;
  /** Since the start of the run, whole tree, counters of ended processes included. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Pids (with their start times) not seen before, in this pass. */
  readonly spawned: number;
  /** Processes of the tree that ended since the last pass. */
  readonly ended: number;
  readonly mainAlive: boolean;
}

export interface HostFigures {
  /** Percent of all cores. */
  readonly cpuPct: number;
  readonly load1: number;
  readonly memTotalBytes: number;
  readonly memAvailableBytes: number;
  /** Where the home lies; null until it was read once. */
  readonly diskFreeBytes: number | null;
}

/** Bits of `LineBatch.flags`. */
export const lineFlag = {
  /** Speaks of failure: an error word of several languages, or the structure of one (stack frame, code, level). */
  failing: 1,
  /** Carries a bounded progress figure (12/100, 40 %, epoch 3 of 10). */
  progress: 2,
  /** Nothing to compare: blank, divider, only punctuation. */
  blank: 4,
  /** A redraw in place (carriage return, cursor movement): the newest picture replaced the one before. */
  redraw: 8,
  stderr: 16,
  /** This L1 shape was not seen in this run's recent memory. */
  fresh: 32,
  /** Was cut because it is longer than the bound on a line. */
  cut: 64,
} as const;

/**
 * Lines of one run as columns; entry i of each array is line i. Lines are shapes, never text.
 * l1: only what is volatile is masked (times, ids, pids, durations), so a moving counter changes it.
 * l2: every number is masked. Both are 32-bit hashes; 0 is kept for a blank line.
 */
export interface LineBatch {
  readonly count: number;
  /** 1-based number, in the run, of the first line of this batch (both streams together, in order of arrival). */
  readonly firstLine: number;
  readonly l1: Uint32Array;
  readonly l2: Uint32Array;
  readonly flags: Uint8Array;
  /** Arrival of each line, epoch milliseconds. */
  readonly atMs: Float64Array;
  /** Redacted text (at most 200 bytes) of L1 shapes that are fresh in this batch. */
  readonly samples: readonly { readonly l1: number; readonly l2: number; readonly text: string }[];
}

/** Lines that fitted one pattern of the run's policy: how many came when, and the newest of them. */
export interface LineMatches {
  readonly pattern: string;
  readonly times: readonly { readonly atMs: number; readonly count: number }[];
  /** Redacted, at most 200 bytes. */
  readonly sample: string;
}

export interface OutputFigures {
  readonly lines: number;
  readonly bytes: number;
  readonly lagBytes: number;
  /** Of the last byte; null before the first. */
  readonly lastOutputAtMs: number | null;
  /** The newest line that is not blank, redacted, at most 200 bytes. */
  readonly lastLine: string | null;
}

export type ProgressSource = 'heartbeat' | 'result' | 'shape' | 'files' | 'child-exit' | 'metric';
/** Evidence that the job moves forward, with its source. The same token twice is not progress. */
export interface ProgressMark {
  readonly atMs: number;
  readonly source: ProgressSource;
  readonly sharePct: number | null;
  readonly detail: string;
}

export interface RunObservation {
  readonly runId: RunId;
  readonly atMs: number;
  readonly process: ProcessFigures | null;
  readonly output: OutputFigures;
  readonly lines: readonly LineBatch[];
  readonly matches: readonly LineMatches[];
  readonly events: readonly AgentEvent[];
  readonly progress: readonly ProgressMark[];
  /** True while windows are being refilled from what was already reported: forget this run's windows first. */
  readonly refill: boolean;
}

/** What sampling tells detection: all runs that were due, at one moment. */
export interface ObservationBatch {
  readonly atMs: number;
  /** Monotonic milliseconds; jumps of `atMs` against it are a suspend or a clock change. */
  readonly monoMs: number;
  readonly host: HostFigures;
  readonly runs: readonly RunObservation[];
}
