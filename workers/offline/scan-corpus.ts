import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Verdict } from '#detection/verdict';
import { type CorpusCase, type CorpusEntry, readCases, readManifest } from './corpus-manifest.ts';
import type { ScanResult } from './scan.ts';
import type { PlainScanOptions, ScanTask } from './scan-task.ts';

export interface ScoredEntry {
  readonly entry: CorpusEntry;
  readonly result: ScanResult;
}

export interface ScoredCase {
  readonly id: string;
  readonly kind: CorpusCase['kind'];
  readonly tier: string;
  readonly expected: 'loop' | 'no_loop';
  readonly level: Verdict;
  readonly isRight: boolean;
}

export interface CorpusReport {
  readonly streams: readonly ScoredEntry[];
  readonly cases: readonly ScoredCase[];
}

const caseFormats = { agent_events: 'events', lines: 'timed-lines', content_stream: 'text' } as const;

/** Scans every stream of a manifest, and every case beside it, in a pool of threads. @throws when the manifest is missing or wrong. */
export const scanCorpus = async (dir: string, options: PlainScanOptions): Promise<CorpusReport> => {
  const entries = readManifest(dir);
  const cases = readCases(dir);
  const pool = new Piscina<ScanTask, ScanResult>({
    filename: taskFile(),
    maxThreads: Math.max(1, availableParallelism() - 1),
  });
  try {
    const streams = await Promise.all(
      entries.map(async (entry) => ({ entry, result: await pool.run({ kind: 'file', path: entry.path, options }) })),
    );
    const scored = await Promise.all(cases.map(async (one) => scoreCase(one, await pool.run(taskOf(one, options)))));
    return { streams, cases: scored };
  } finally {
    await pool.destroy();
  }
};

const taskOf = (one: CorpusCase, options: PlainScanOptions): ScanTask => ({
  kind: 'text',
  text: one.text,
  options: { ...options, format: caseFormats[one.kind] },
});

const scoreCase = ({ id, kind, tier, expected }: CorpusCase, { level }: ScanResult): ScoredCase => {
  const saw = level === 'warn' || level === 'act' ? 'loop' : 'no_loop';
  return { id, kind, tier, expected, level, isRight: saw === expected };
};

// The same from source and from dist.
const taskFile = (): string => {
  const built = fileURLToPath(new URL('./scan-task.js', import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL('./scan-task.ts', import.meta.url));
};
