import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FactBody } from '#protocol/facts';
import { type GivenBack, givenBackFileName, nothingGivenBack, parseGivenBack } from '#protocol/given-back';
import type { RunId } from '#protocol/ids';
import { indexFileName, type OutputStream, outputFileName, outputStreams, parseIndex } from '#protocol/output-index';
import type { Clock } from '#runtime/clock';

export interface LogCapOptions {
  readonly clock: Clock;
  /** For both streams of one run together. */
  readonly capBytes: number;
  readonly runs: () => readonly { readonly runId: RunId; readonly runDir: string }[];
  readonly say: (fact: FactBody) => void;
  readonly log: (level: 'warn', message: string) => void;
}

const lookEveryMs = 250;
/** A flood is told every so often, not at every look. */
const tellEveryMs = 10_000;
/** What sampling may want to read again stays, however small the cap. */
const leastKeptBytes = 512 * 1024;
const blockBytes = 512;

interface Told {
  readonly upTo: Record<OutputStream, number>;
  atMonoMs: number;
}

/**
 * Gives the head of a log back to the disk once it was read and the log is over its cap: offsets stay true, and the job
 * never notices. What is given back is told as a gap.
 */
export const createLogCap = (options: LogCapOptions): { start(): void; stop(): void } => {
  const { clock, capBytes, say } = options;
  const told = new Map<RunId, Told>();
  const busy = new Set<string>();
  let cancel = (): void => undefined;

  const look = (): void => {
    const runs = options.runs();
    for (const { runId, runDir } of runs)
      for (const stream of outputStreams)
        if (allocatedBytes(runDir, stream) > capBytes / 2) relieve(runId, runDir, stream);
    const live = new Set(runs.map(({ runId }) => runId));
    for (const runId of told.keys()) if (!live.has(runId)) told.delete(runId);
    cancel = clock.after(lookEveryMs, look);
  };

  const relieve = (runId: RunId, runDir: string, stream: OutputStream): void => {
    const file = path.join(runDir, outputFileName(stream));
    if (busy.has(file)) return;
    const before = readGivenBack(runDir);
    const keptBytes = Math.max(leastKeptBytes, capBytes / 4);
    const upTo = lineStartBefore(file, ingestedBytes(runDir, stream) - keptBytes);
    if (upTo <= before[stream]) return;
    busy.add(file);
    // Written first: whoever reads the log must not take the hole for output.
    writeGivenBack(runDir, { ...before, [stream]: upTo });
    punch(file, { from: before[stream], length: upTo - before[stream] }, (why) => {
      busy.delete(file);
      if (why !== null) options.log('warn', `the log ${file} is over its cap and cannot be shortened: ${why}`);
      else tell(runId, { stream, from: before[stream], upTo });
    });
  };

  const tell = (runId: RunId, gap: { stream: OutputStream; from: number; upTo: number }): void => {
    const last = told.get(runId) ?? { upTo: { stdout: 0, stderr: 0 }, atMonoMs: Number.NEGATIVE_INFINITY };
    if (clock.mono() - last.atMonoMs < tellEveryMs) return;
    const fromByte = Math.max(last.upTo[gap.stream], told.has(runId) ? 0 : gap.from);
    const why = `the log is capped at ${capBytes} bytes: what was read first was given back to the disk`;
    say({ kind: 'output-gap', runId, stream: gap.stream, fromByte, toByte: gap.upTo, why });
    told.set(runId, { upTo: { ...last.upTo, [gap.stream]: gap.upTo }, atMonoMs: clock.mono() });
  };

  return { start: look, stop: () => cancel() };
};

const allocatedBytes = (runDir: string, stream: OutputStream): number =>
  (statSync(path.join(runDir, outputFileName(stream)), { throwIfNoEntry: false })?.blocks ?? 0) * blockBytes;

/** Up to where sampling has read, as it wrote down last. */
const ingestedBytes = (runDir: string, stream: OutputStream): number =>
  parseIndex(readEnd(path.join(runDir, indexFileName))).findLast((entry) => entry.stream === stream)?.offset ?? 0;

const indexEndBytes = 4_096;

const readEnd = (file: string): string => {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return readAt(file, Math.max(0, size - indexEndBytes), indexEndBytes).toString('latin1');
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

const readGivenBack = (runDir: string): GivenBack => {
  try {
    return parseGivenBack(readFileSync(path.join(runDir, givenBackFileName), 'utf8'));
  } catch {
    return nothingGivenBack; // nothing was, so far
  }
};

const writeGivenBack = (runDir: string, given: GivenBack): void => {
  const file = path.join(runDir, givenBackFileName);
  writeFileSync(`${file}.tmp`, JSON.stringify(given), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
};
