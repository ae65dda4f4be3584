import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { archivedUpTo, archiveIndexFileName } from '#protocol/log-archive';
import { keptBytes, type LogKeeping, shortenedAbove } from '#protocol/log-keeping';
import { indexFileName, type OutputStream, outputFileName, outputStreams, parseIndex } from '#protocol/output-index';
import type { Clock } from '#runtime/clock';
import { createHolePunch, type Punch } from './hole-punch.ts';
import { isFlooding, isHopeless, mayFlood, mostBehindBytes, type Pressure, pressOn } from './log-pressure.ts';

export interface LogCapOptions {
  readonly clock: Clock;
  readonly keeping: LogKeeping;
  readonly runs: () => readonly { readonly runId: RunId; readonly runDir: string }[];
  readonly say: (fact: FactBody) => void;
  /** How a head of a file is given back to the disk. */
  readonly punch: Punch;
}

const lookEveryMs = 250;
/** While a log grows by tens of megabytes between two looks. */
const lookAtFloodEveryMs = 50;
/** A log of this size that was not there at the last look is looked at again soon. */
const newLogBytes = 4 * 1024 * 1024;
/** Above this many runs, logs that grow slowly are looked at in turns. */
const largeFleet = 100;
const turnsOfLargeFleet = 4;
/** A flood is told every so often, not at every look. */
const tellEveryMs = 10_000;
/** A file system that refuses holes goes on doing so; a program that was missing may be installed. */
const tryAgainMs = 10_000;
const blockBytes = 512;

interface Gap {
  readonly from: number;
  readonly upTo: number;
}

interface Log {
  readonly runId: RunId;
  readonly runDir: string;
  readonly stream: OutputStream;
  readonly file: string;
}

interface Untold {
  readonly gaps: Map<OutputStream, Gap>;
  toldAtMs: number;
}

/**
 * Gives the head of a log back to the disk once it was read, and archived, and the log is over its cap: offsets stay
 * true, and the job never notices. A flood that nobody can keep up with is given back all the same, and told as a gap.
 */
export const createLogCap = (options: LogCapOptions): { start(): void; stop(): void } => {
  const { clock, keeping, say } = options;
  const untold = new Map<RunId, Untold>();
  const holes = createHolePunch(options.punch);
  const refusedAtMs = new Map<string, number>();
  const pressures = new Map<string, Pressure>();
  let isFlood = false;
  let looks = 0;
  let cancel = (): void => undefined;

  const look = (): void => {
    isFlood = false;
    const runs = options.runs();
    const turn = looks++ % turnsOfLargeFleet;
    for (const [at, { runId, runDir }] of runs.entries())
      for (const stream of outputStreams) {
        const file = path.join(runDir, outputFileName(stream));
        if (runs.length > largeFleet && at % turnsOfLargeFleet !== turn && !mayFlood(pressures.get(file))) continue;
        const found = statSync(file, { throwIfNoEntry: false });
        if (found !== undefined) press({ runId, runDir, stream, file }, found);
      }
    const live = new Set(runs.map(({ runId }) => runId));
    for (const [runId, one] of untold) {
      const isOver = !live.has(runId);
      if (one.gaps.size > 0 && (isOver || clock.mono() - one.toldAtMs >= tellEveryMs)) tell(runId, one);
      if (isOver) untold.delete(runId);
    }
    const runDirs = new Set(runs.map(({ runDir }) => runDir));
    const isOver = (file: string): boolean => !runDirs.has(path.dirname(file));
    for (const files of [pressures, refusedAtMs]) for (const file of files.keys()) if (isOver(file)) files.delete(file);
    holes.forget(isOver);
    cancel = clock.after(isFlood ? lookAtFloodEveryMs : lookEveryMs, look);
  };

  const press = (log: Log, { size, blocks }: Stats): void => {
    const allocated = blocks * blockBytes;
    const isOver = allocated > shortenedAbove(keeping);
    const archived = isOver && keeping.archives ? archivedBytes(log, size) : null;
    const isFirst = !pressures.has(log.file);
    const pressure = pressOn(pressures.get(log.file), { size, archived, atMs: clock.mono() });
    pressures.set(log.file, pressure);
    isFlood ||= isFlooding(pressure) || (isFirst && size > newLogBytes);
    const isBehind = allocated > shortenedAbove(keeping) + mostBehindBytes && isHopeless(pressure);
    const isRefused = clock.mono() - (refusedAtMs.get(log.file) ?? Number.NEGATIVE_INFINITY) < tryAgainMs;
    if (isOver && !isRefused && !holes.isBusy(log.file)) relieve(log, { size, archived: archived ?? size, isBehind });
  };

  const relieve = (
    log: Log,
    { size, archived, isBehind }: { size: number; archived: number; isBehind: boolean },
  ): void => {
    const { runId, runDir, stream, file } = log;
    const readUpTo = ingestedBytes(runDir, stream) - keptBytes(keeping);
    const upTo = lineStartBefore(
      file,
      isBehind ? Math.max(readUpTo, size - mostBehindBytes) : Math.min(readUpTo, archived),
    );
    holes.give({ runDir, stream, file, size }, upTo, (end) => {
      if (end.kind === 'refused') {
        refuse(log, end.why);
        return;
      }
      refusedAtMs.delete(file);
      const lostFrom = Math.max(keeping.archives ? archived : 0, end.from);
      if (lostFrom < end.upTo) noteGap(runId, stream, { from: lostFrom, upTo: end.upTo });
    });
  };

  /** Told once, not at each try. */
  const refuse = ({ runId, stream, file }: Log, why: string): void => {
    if (!refusedAtMs.has(file))
      say({ kind: 'log-uncapped', runId, stream, capBytes: keeping.capBytes, bytes: allocatedOf(file), why });
    refusedAtMs.set(file, clock.mono());
  };

  const noteGap = (runId: RunId, stream: OutputStream, gap: Gap): void => {
    const one = untold.get(runId) ?? { gaps: new Map<OutputStream, Gap>(), toldAtMs: Number.NEGATIVE_INFINITY };
    untold.set(runId, one);
    one.gaps.set(stream, { from: one.gaps.get(stream)?.from ?? gap.from, upTo: gap.upTo });
  };

  const how = keeping.archives ? 'it came faster than it could be archived' : 'nothing is archived';
  const why = `the log is capped at ${keeping.capBytes} bytes and ${how}: what was read first was given back to the disk`;
  const tell = (runId: RunId, one: Untold): void => {
    for (const [stream, { from, upTo }] of one.gaps)
      say({ kind: 'output-gap', runId, stream, fromByte: from, toByte: upTo, why });
    one.gaps.clear();
    one.toldAtMs = clock.mono();
  };

  return { start: look, stop: () => cancel() };
};

/** Up to where sampling has read, as it wrote down last. */
const ingestedBytes = (runDir: string, stream: OutputStream): number =>
  parseIndex(readEnd(path.join(runDir, indexFileName))).findLast((entry) => entry.stream === stream)?.offset ?? 0;

/** 0 where the archive does not belong to the file any more, because that was truncated. */
const archivedBytes = ({ runDir, stream }: Log, size: number): number => {
  const upTo = archivedUpTo(readEnd(path.join(runDir, archiveIndexFileName)))[stream];
  return upTo > size ? 0 : upTo;
};

const allocatedOf = (file: string): number => (statSync(file, { throwIfNoEntry: false })?.blocks ?? 0) * blockBytes;

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

const indexEndBytes = 4_096;

const readEnd = (file: string): string => {
  return readAt(file, Math.max(0, sizeOf(file) - indexEndBytes), indexEndBytes).toString('latin1');
};

const lookBackBytes = 64 * 1024;

/** The start of a line at or before `offset`; `offset` itself in the midst of a very long one. */
const lineStartBefore = (file: string, offset: number): number => {
  if (offset <= 0) return 0;
  const from = Math.max(0, offset - lookBackBytes);
  const newline = readAt(file, from, offset - from).lastIndexOf(0x0a);
  return newline < 0 ? offset : from + newline + 1;
};

const readAt = (file: string, at: number, length: number): Buffer => {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, 'r');
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, at));
  } catch {
    return Buffer.alloc(0); // gone with its run, or never written
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
};
