import { join } from 'node:path';
import type { LogLine, LogPage } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import { type OutputStream, outputStreams } from '#protocol/output-index';
import { createRedactor, type Redactor } from '#redaction/redact';
import { secretValuesOf } from '#redaction/secret-names';
import { createLogArchive } from './log-archive.ts';
import { type Begin, endOfStream, readStream } from './log-stream.ts';
import { readJobEnvironment } from './parse-run-spec.ts';

export interface LogAsk {
  readonly stream: OutputStream | null;
  /** Where to go on, per stream; null is the start, or the last `tail` lines. */
  readonly stdout: number | null;
  readonly stderr: number | null;
  readonly tail: number | null;
  /** Only what came then or later (epoch ms); of lines whose arrival nobody wrote down, all. */
  readonly sinceMs?: number | null;
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

export const createLogView = (home: string): LogView => {
  const archive = createLogArchive();
  const redactors = new Map<RunId, Redactor>();
  const redactorOf = async (runId: RunId): Promise<Redactor> => {
    const known = redactors.get(runId);
    if (known !== undefined) return known;
    const made = createRedactor(secretValuesOf(await readJobEnvironment(join(home, 'runs', runId))));
    if (redactors.size >= redactorsKept) redactors.clear();
    redactors.set(runId, made);
    return made;
  };
  const view: LogView = {
    page: async (runId, ask) => {
      const directory = join(home, 'runs', runId);
      const redactor = await redactorOf(runId);
      const asked = outputStreams.filter((stream) => ask.stream === null || ask.stream === stream);
      const read = await Promise.all(
        asked.map((stream) =>
          readStream(
            { archive, redactor },
            { directory, stream, begin: beginOf(ask, stream), mostLines: ask.tail ?? ask.limit, ended: ask.ended },
          ),
        ),
      );
      const isNew = ({ atMs }: LogLine): boolean => atMs === null || atMs >= (ask.sinceMs ?? 0);
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
      const lines = shown.filter(isNew);
      // A page without a line says that there is no more for now: what holds none is passed over here.
      if (lines.length === 0 && !isAtEnd) return view.page(runId, { ...ask, ...next, tail: null });
      return { lines, next, ended: ask.ended && isAtEnd };
    },
    end: async (runId) => {
      const directory = join(home, 'runs', runId);
      const [stdout, stderr] = await Promise.all(
        outputStreams.map((stream) => endOfStream(archive, { directory, stream })),
      );
      return { stdout: stdout ?? 0, stderr: stderr ?? 0 };
    },
  };
  return view;
};

const beginOf = (ask: LogAsk, stream: OutputStream): Begin => {
  const offset = ask[stream];
  if (offset !== null) return { kind: 'at', offset };
  if (ask.tail !== null) return { kind: 'tail', lines: ask.tail };
  return typeof ask.sinceMs === 'number' ? { kind: 'since', sinceMs: ask.sinceMs } : { kind: 'at', offset: 0 };
};

/** Each stream keeps its own order; a line whose arrival is not known takes the place of the newest. */
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
