import { createResourceDetectors } from '#detection/resource-detectors';
import { parseRunId } from '#protocol/ids';
import type { Finding } from '#protocol/judgement';
import type { HostFigures, OutputFigures, ProcessFigures, ProgressMark } from '#protocol/observations';
import type { RunLimits } from '#protocol/run-spec';
import type { SignalVector } from '#protocol/signals';

export interface Seen {
  readonly process?: Partial<ProcessFigures>;
  readonly output?: Partial<OutputFigures>;
  readonly host?: Partial<HostFigures>;
  readonly progress?: readonly ProgressMark[];
  readonly stateOfAgent?: string | null;
  readonly isPaused?: boolean;
}

/** A run as the resource detectors see it, told step by step. */
export interface WatchedStory {
  /** The same picture, or one that moves with the seconds of this call, looked at each `everyMs`. */
  go(seconds: number, seen: Seen | ((second: number) => Seen), everyMs?: number): WatchedStory;
  /** The machine sleeps: the wall clock goes on alone. */
  sleep(seconds: number): WatchedStory;
  /** Nobody looks, and both clocks go on. */
  gap(seconds: number): WatchedStory;
  signals(): SignalVector;
  findings(): readonly Finding[];
  level(detector: string): string | null;
  stateBytes(): number;
}

export const limits: RunLimits = {
  maxCpuPct: 60,
  maxMemBytes: null,
  timeoutMs: null,
  graceMs: 5000,
  pollIntervalMs: 500,
  logWindowLines: 10,
};
const process: ProcessFigures = {
  cpuPct: 0,
  demandPct: null,
  rssBytes: 50 * 1024 * 1024,
  processes: 1,
  zombies: 0,
  threads: 1,
  fds: 5,
  readBytes: 0,
  writtenBytes: 0,
  spawned: 0,
  ended: 0,
  mainAlive: true,
};
const output: OutputFigures = { lines: 0, bytes: 0, lagBytes: 0, lastOutputAtMs: null, lastLine: null };
const gib = 1024 ** 3;
const host: HostFigures = {
  cpuPct: 10,
  load1: 0.5,
  memTotalBytes: 16 * gib,
  memAvailableBytes: 12 * gib,
  diskFreeBytes: 100 * gib,
};

export const tellRun = (own: Partial<RunLimits> = {}): WatchedStory => {
  const detectors = createResourceDetectors({ ...limits, ...own });
  const startedAtMs = 1_700_000_000_000;
  let atMs = startedAtMs;
  let monoMs = 5000;
  const observe = (seen: Seen): void =>
    detectors.observe({
      observation: {
        runId: parseRunId('01J00000000000000000000001'),
        atMs,
        process: { ...process, ...seen.process },
        output: { ...output, ...seen.output },
        lines: [],
        matches: [],
        events: [],
        progress: seen.progress ?? [],
        refill: false,
      },
      host: { ...host, ...seen.host },
      monoMs,
      stateOfAgent: seen.stateOfAgent ?? null,
      startedAtMs,
      isPaused: seen.isPaused ?? false,
    });
  const story: WatchedStory = {
    go: (seconds, seen, everyMs = 500) => {
      for (let passedMs = 0; passedMs < seconds * 1000; passedMs += everyMs) {
        atMs += everyMs;
        monoMs += everyMs;
        observe(typeof seen === 'function' ? seen((passedMs + everyMs) / 1000) : seen);
      }
      return story;
    },
    sleep: (seconds) => {
      atMs += seconds * 1000;
      return story;
    },
    gap: (seconds) => {
      atMs += seconds * 1000;
      monoMs += seconds * 1000;
      return story;
    },
    signals: () => detectors.signals(atMs),
    findings: () => detectors.findings(atMs),
    level: (detector) => detectors.findings(atMs).find((finding) => finding.detector === detector)?.level ?? null,
    stateBytes: () => detectors.stateBytes(),
  };
  return story;
};
