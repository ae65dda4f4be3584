import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { archivedUpTo, archiveIndexFileName } from '#protocol/log-archive';
import { keptBytes, type LogKeeping, shortenedAbove } from '#protocol/log-keeping';
import { indexFileName, type OutputStream, outputFileName, outputStreams, parseIndex } from '#protocol/output-index';
import type { Clock } from '#runtime/clock';
import { readGivenBack, writeGivenBack } from './given-back-file.ts';
import { isFlooding, isHopeless, mayFlood, mostBehindBytes, type Pressure, pressOn } from './log-pressure.ts';

export interface LogCapOptions {
  readonly clock: Clock;
  readonly keeping: LogKeeping;
  readonly runs: () => readonly { readonly runId: RunId; readonly runDir: string }[];
  readonly say: (fact: FactBody) => void;
  readonly log: (level: 'warn', message: string) => void;
}

const lookEveryMs = 250;
/** While a log grows by tens of megabytes between two looks. */
const lookAtFloodEveryMs = 50;
/** A log of this size that was not there at the last look is looked at again soon. */
const newLogBytes = 4 * 1024 * 1024;
/** Above this many runs, logs that grow slowly are looked at in turns. */
const largeFleet = 100;
const turnsOfLargeFleet = 4;
/** A flood does not wait for the end of the process that punched the last hole: they do not overlap. */
const punchesAtOnce = 3;
/** A flood is told every so often, not at every look. */
const tellEveryMs = 10_000;
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
  const punching = new Map<string, number>();
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
    for (const file of pressures.keys()) if (!runDirs.has(path.dirname(file))) pressures.delete(file);
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
    if (isOver && (punching.get(log.file) ?? 0) < punchesAtOnce)
      relieve(log, { size, archived: archived ?? size, isBehind });
  };

  const relieve = (
    { runId, runDir, stream, file }: Log,
    { size, archived, isBehind }: { size: number; archived: number; isBehind: boolean },
  ): void => {
    const given = readGivenBack(runDir);
    // Truncated since: what is there now was never given back.
    const before = size < given[stream] ? { ...given, [stream]: 0 } : given;
    const readUpTo = ingestedBytes(runDir, stream) - keptBytes(keeping);
    const upTo = lineStartBefore(
      file,
      isBehind ? Math.max(readUpTo, size - mostBehindBytes) : Math.min(readUpTo, archived),
    );
    if (upTo <= before[stream]) return;
    // Written first: whoever reads the log must not take the hole for output.
    if (!writeGivenBack(runDir, { ...before, [stream]: upTo })) return;
    punching.set(file, (punching.get(file) ?? 0) + 1);
    punch(file, { from: before[stream], length: upTo - before[stream] }, (why) => {
      punching.set(file, (punching.get(file) ?? 1) - 1);
      if (punching.get(file) === 0) punching.delete(file);
      const lostFrom = Math.max(keeping.archives ? archived : 0, before[stream]);
      if (why !== null) options.log('warn', `the log ${file} is over its cap and cannot be shortened: ${why}`);
      else if (lostFrom < upTo) noteGap(runId, stream, { from: lostFrom, upTo });
    });
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

const punch = (file: string, hole: { from: number; length: number }, onEnd: (why: string | null) => void): void => {
  const child = spawn(
    'fallocate',
    ['--punch-hole', '--offset', String(hole.from), '--length', String(hole.length), file],
    {
      stdio: 'ignore',
    },
  );
  child.once('error', (error) => onEnd(error.message));
  child.once('exit', (code) => onEnd(code === 0 ? null : `fallocate ended with code ${code}`));
};
