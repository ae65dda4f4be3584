import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine, LogPage } from '#protocol/gateway-api';
import { givenBackFileName, parseGivenBack } from '#protocol/given-back';
import type { RunId } from '#protocol/ids';
import { type OutputStream, outputFileName, outputStreams } from '#protocol/output-index';
import { createLineRedactor, createRedactor, type Redactor } from '#redaction/redact';
import { secretValuesOf } from '#redaction/secret-names';
import { arrivalsOf } from './arrivals.ts';
import { findTail, readBefore, readLines } from './log-file.ts';
import { parseJobEnvironment } from './parse-run-spec.ts';

export interface LogAsk {
  readonly stream: OutputStream | null;
  /** Where to go on, per stream; null is the start, or the last `tail` lines. */
  readonly stdout: number | null;
  readonly stderr: number | null;
  readonly tail: number | null;
  readonly limit: number;
  /** The run is over: a last line without its newline is complete too. */
  readonly ended: boolean;
}

/** Output of runs as people read it: by line, in order of arrival, without secrets. */
export interface LogView {
  page(runId: RunId, ask: LogAsk): Promise<LogPage>;
  /** Offsets at which both streams end now. */
  end(runId: RunId): Promise<LogPage['next']>;
}

const redactorsKept = 64;

export const createLogView = (home: string, clock: { now(): number } = { now: Date.now }): LogView => {
  const redactors = new Map<RunId, Redactor>();
  const redactorOf = async (runId: RunId): Promise<Redactor> => {
    const known = redactors.get(runId);
    if (known !== undefined) return known;
    const made = createRedactor(secretValuesOf(await environmentOf(join(home, 'runs', runId))));
    if (redactors.size >= redactorsKept) redactors.clear();
    redactors.set(runId, made);
    return made;
  };
  return {
    page: async (runId, ask) => {
      const directory = join(home, 'runs', runId);
      const redactor = await redactorOf(runId);
      const asked = outputStreams.filter((stream) => ask.stream === null || ask.stream === stream);
      const read = await Promise.all(asked.map((stream) => readStream(redactor, { directory, stream, ask })));
      const merged = merge(read.flatMap(({ lines }) => [lines]));
      const shown = ask.tail === null ? merged.slice(0, ask.limit) : merged.slice(-ask.tail);
      const isWhole = ask.tail !== null || shown.length === merged.length;
      const given = new Set(shown);
      const next = { stdout: ask.stdout ?? 0, stderr: ask.stderr ?? 0 };
      for (const { stream, end, lines } of read) {
        const left = isWhole ? undefined : lines.find((line) => !given.has(line));
        next[stream] = left?.offset ?? end;
      }
      const isAtEnd = isWhole && read.every((part) => part.isAtEnd);
      return {
        lines: isAtEnd && !ask.ended ? dateNewest(shown, clock.now()) : shown,
        next,
        ended: ask.ended && isAtEnd,
      };
    },
    end: async (runId) => {
      const directory = join(home, 'runs', runId);
      const [stdout, stderr] = await Promise.all(
        outputStreams.map((stream) => findTail(join(directory, outputFileName(stream)), 0)),
      );
      return { stdout: stdout ?? 0, stderr: stderr ?? 0 };
    },
  };
};

interface StreamPart {
  readonly stream: OutputStream;
  readonly lines: readonly LogLine[];
  readonly end: number;
  readonly isAtEnd: boolean;
}

interface Part {
  readonly directory: string;
  readonly stream: OutputStream;
  readonly ask: LogAsk;
}

const readStream = async (redactor: Redactor, { directory, stream, ask }: Part): Promise<StreamPart> => {
  const file = join(directory, outputFileName(stream));
  const kept = await keptFrom(directory, stream);
  const from = Math.max(kept, ask[stream] ?? (ask.tail === null ? 0 : await findTail(file, ask.tail)));
  const { lines, end, isAtEnd } = await readLines(file, {
    from,
    mostLines: ask.tail ?? ask.limit,
    takeUnfinished: ask.ended,
  });
  if (lines.length === 0) return { stream, end, isAtEnd, lines: [] };
  const hide = await redactLines(redactor, { file, from });
  const atOf = await arrivalsOf(directory, { stream, from });
  return {
    stream,
    end,
    isAtEnd,
    lines: lines.map(({ offset, text }) => ({ stream, offset, atMs: atOf(offset), text: hide(text) })),
  };
};

/** A page may begin inside a private key, which only the lines before it show. */
const redactLines = async (
  redactor: Redactor,
  page: { file: string; from: number },
): Promise<(line: string) => string> => {
  const hide = createLineRedactor(redactor);
  const before = await readBefore(page.file, page.from);
  if (before.includes('PRIVATE KEY')) for (const line of before.split('\n').slice(0, -1)) hide(line);
  return hide;
};

/** Sampling has not seen the newest lines of a live run yet: they came just now. */
const dateNewest = (lines: readonly LogLine[], nowMs: number): readonly LogLine[] => {
  const known = lines.findLastIndex(({ atMs }) => atMs !== null);
  return lines.map((line, at) => (at > known ? { ...line, atMs: nowMs } : line));
};

/** Each stream keeps its own order; a line whose arrival is not known yet is the newest there is. */
const merge = (streams: readonly (readonly LogLine[])[]): readonly LogLine[] => {
  const [first = [], second = []] = streams;
  const merged: LogLine[] = [];
  let at = 0;
  for (const line of first) {
    for (let other = second[at]; other !== undefined && arrival(other) < arrival(line); other = second[at]) {
      merged.push(other);
      at += 1;
    }
    merged.push(line);
  }
  return [...merged, ...second.slice(at)];
};

const arrival = (line: LogLine): number => line.atMs ?? Number.POSITIVE_INFINITY;

/** Before this byte the log was given back to the disk. */
const keptFrom = async (directory: string, stream: OutputStream): Promise<number> => {
  try {
    return parseGivenBack(await readFile(join(directory, givenBackFileName), 'utf8'))[stream];
  } catch {
    return 0; // all of it is there
  }
};

const environmentOf = async (directory: string): Promise<Readonly<Record<string, string>>> => {
  try {
    return parseJobEnvironment(await readFile(join(directory, 'spec.json'), 'utf8'));
  } catch {
    return {}; // gone with its run: what has the shape of a secret is still hidden
  }
};
