import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { givenBackFileName, parseGivenBack } from '#protocol/given-back';
import type { RunId } from '#protocol/ids';
import { archivedUpTo, archiveIndexFileName } from '#protocol/log-archive';
import { archivedAtOnce, keptBytes, type LogKeeping, type StreamBytes, shortenedAbove } from '#protocol/log-keeping';
import type { FactReport } from '#protocol/messages';
import { indexFileName, type OutputStream, outputFileName, outputStreams, parseIndex } from '#protocol/output-index';
import type { ArchiveAsk, Archived } from '#record/archive-writer';
import type { Clock } from '#runtime/clock';
import type { ArchiveReply } from './archive-task.ts';
import { createLogRetention, DiskRefused } from './log-retention.ts';
import { createRound } from './round.ts';

export interface LogKeeperOptions {
  readonly home: string;
  readonly keeping: LogKeeping;
  readonly clock: Clock;
  /** Runs that may still write. */
  readonly liveRuns: () => readonly RunId[];
  readonly report: (fact: FactReport) => Promise<void>;
  readonly note: (error: unknown) => void;
}

export interface LogKeeper {
  start(): void;
  stop(): Promise<void>;
}

const lookEveryMs = 250;
/** A log that is far from its cap is not looked at each time. */
const quietLookMs = 3_000;
const blockBytes = 512;
const idleMs = 10_000;
/** Then others have their turn. */
const pieceBytes = 16 * 1024 * 1024;

/**
 * Moves output into archives, on a thread of its own: the heads of logs that are over their cap, which the coordinator
 * gives back once they are archived, and the logs of runs that are over. Nobody who guards waits for it.
 */
export const createLogKeeper = (options: LogKeeperOptions): LogKeeper => {
  const { home, keeping, clock } = options;
  const pool = new Piscina<ArchiveAsk, ArchiveReply>({
    filename: new URL('./archive-task.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: idleMs,
    resourceLimits: { maxOldGenerationSizeMb: 128 },
  });
  const dueAtMs = new Map<RunId, number>();
  const lost = new Map<string, number>();
  const archive = async (ask: ArchiveAsk): Promise<Archived> => {
    const reply = await pool.run(ask);
    if (reply.kind === 'archived') return reply.archived;
    throw new DiskRefused(reply.why);
  };
  const retention = createLogRetention({ ...options, archive });
  let isStopped = false;

  /** The coordinator gives a flood back as it comes: what is left of it now will be gone before it could be archived. */
  const isFlooding: IsFlooding = (file, lostUpTo) => {
    const before = lost.get(file);
    if (lostUpTo === 0) lost.delete(file);
    else lost.set(file, lostUpTo);
    return lostUpTo > (before ?? 0);
  };
  const shorten = async (runId: RunId): Promise<void> => {
    const directory = join(home, 'runs', runId);
    const allocated = await Promise.all(outputStreams.map((stream) => allocatedBytes(directory, stream)));
    const most = Math.max(...allocated);
    if (most < shortenedAbove(keeping) / 2) dueAtMs.set(runId, clock.mono() + quietLookMs);
    if (most <= shortenedAbove(keeping)) return;
    const over = outputStreams.filter((_, at) => (allocated[at] ?? 0) > shortenedAbove(keeping));
    const upTo = await owedOf(directory, { keeping, over, isFlooding });
    if (upTo !== null) await archive({ directory, upTo, mostBytes: pieceBytes });
  };

  const lookAtLive = async (): Promise<void> => {
    const live = new Set(options.liveRuns());
    for (const runId of dueAtMs.keys()) if (!live.has(runId)) dueAtMs.delete(runId);
    for (const runId of live)
      if (!isStopped && (dueAtMs.get(runId) ?? 0) <= clock.mono()) await retention.tellTrouble(() => shorten(runId));
  };
  const rounds = [
    createRound(lookEveryMs, lookAtLive, options),
    createRound(retention.everyMs, () => retention.look(new Set(options.liveRuns())), options),
  ];

  return {
    start: () => {
      for (const round of keeping.archives ? rounds : rounds.slice(1)) round.start();
    },
    stop: async () => {
      isStopped = true;
      // A piece that is under way ends with its thread: the next daemon goes on where the archive ends.
      const ends = rounds.map((round) => round.stop());
      await pool.destroy();
      await Promise.all(ends);
    },
  };
};

/** @param lostUpTo byte before which output is gone that nobody archived; 0 where none is. */
type IsFlooding = (file: string, lostUpTo: number) => boolean;

/** Up to where each stream should be archived now; null where that is not worth it. */
const owedOf = async (
  directory: string,
  { keeping, over, isFlooding }: { keeping: LogKeeping; over: readonly OutputStream[]; isFlooding: IsFlooding },
): Promise<StreamBytes | null> => {
  const archived = archivedUpTo(await readEnd(join(directory, archiveIndexFileName)));
  const read = parseIndex(await readEnd(join(directory, indexFileName)));
  const given = await readFile(join(directory, givenBackFileName), 'utf8').then(parseGivenBack, () => null);
  const upTo = { stdout: 0, stderr: 0 };
  let isOwed = false;
  for (const stream of over) {
    const ingested = read.findLast((entry) => entry.stream === stream)?.offset ?? 0;
    upTo[stream] = Math.max(0, ingested - keptBytes(keeping));
    // Truncated since: the archive has to be told.
    const isShorter = ingested < archived[stream];
    const givenBack = given?.[stream] ?? 0;
    const done = Math.max(archived[stream], givenBack);
    if (isFlooding(join(directory, outputFileName(stream)), givenBack > archived[stream] ? givenBack : 0)) continue;
    isOwed ||= upTo[stream] > 0 && (isShorter || upTo[stream] - done >= archivedAtOnce(keeping));
  }
  return isOwed ? upTo : null;
};

const allocatedBytes = async (directory: string, stream: OutputStream): Promise<number> =>
  ((await stat(join(directory, outputFileName(stream))).catch(() => null))?.blocks ?? 0) * blockBytes; // not made yet, or deleted

const endBytes = 4_096;

const readEnd = async (file: string): Promise<string> => {
  const handle = await open(file, 'r').catch(() => null); // nothing was read, or archived, yet
  if (handle === null) return '';
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(endBytes), 0, endBytes, Math.max(0, size - endBytes));
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
};
