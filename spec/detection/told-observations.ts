import type { AgentEvent } from '#protocol/agent-events';
import { parseRunId, type RunId } from '#protocol/ids';
import {
  type LineBatch,
  type LineMatches,
  lineFlag,
  type ProgressMark,
  type RunObservation,
} from '#protocol/observations';

export const runId: RunId = parseRunId('01HF7YAT00ABCDEFGHJKMNPQRS');

interface Told {
  readonly atMs: number;
  readonly lines?: readonly string[];
  readonly matches?: readonly LineMatches[];
  readonly events?: readonly AgentEvent[];
  readonly progress?: readonly ProgressMark[];
  readonly cpuPct?: number;
  readonly refill?: boolean;
}

/** Observations of one run, as sampling would make them from what the run is told to print. */
export const createTeller = () => {
  const seen = new Set<number>();
  let count = 0;
  const batchOf = (lines: readonly string[], atMs: number): LineBatch => {
    const l1 = Uint32Array.from(lines, (line) => hash(line.replaceAll(/\b[0-9a-f]{8,}\b/g, '#')));
    const flags = Uint8Array.from(lines, (line, index) => {
      const shape = l1[index] ?? 0;
      const fresh = seen.has(shape) ? 0 : lineFlag.fresh;
      seen.add(shape);
      const failing = /fail|error|refused/i.test(line) ? lineFlag.failing : 0;
      const progress = /\d+\/\d+|\d+ ?%/.test(line) ? lineFlag.progress : 0;
      return fresh | failing | progress | (line.trim() === '' ? lineFlag.blank : 0);
    });
    const batch = {
      count: lines.length,
      firstLine: count + 1,
      l1,
      l2: Uint32Array.from(lines, (line) => hash(line.replaceAll(/[0-9a-f]*\d[0-9a-f]*/g, '0'))),
      flags,
      atMs: Float64Array.from(lines, () => atMs),
      samples: [],
    };
    count += lines.length;
    return batch;
  };
  return (told: Told): RunObservation => ({
    runId,
    atMs: told.atMs,
    process: {
      cpuPct: told.cpuPct ?? 0,
      demandPct: told.cpuPct ?? 0,
      rssBytes: 1e8,
      processes: 1,
      zombies: 0,
      threads: 1,
      fds: 3,
      readBytes: 0,
      writtenBytes: 0,
      spawned: 0,
      ended: 0,
      mainAlive: true,
    },
    output: {
      lines: count,
      bytes: count * 40,
      lagBytes: 0,
      lastOutputAtMs: told.atMs,
      lastLine: told.lines?.at(-1) ?? null,
    },
    lines: told.lines === undefined || told.lines.length === 0 ? [] : [batchOf(told.lines, told.atMs)],
    matches: told.matches ?? [],
    events: told.events ?? [],
    progress: told.progress ?? [],
    refill: told.refill ?? false,
  });
};

const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value === 0 ? 1 : value;
};
