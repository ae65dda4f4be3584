import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '#protocol/gateway-api';
import { givenBackFileName, parseGivenBack } from '#protocol/given-back';
import type { ArchiveFrame } from '#protocol/log-archive';
import { keptFileOf, type OutputStream, outputFileName } from '#protocol/output-index';
import { createLineRedactor, createResumedRedactor, type Redactor } from '#redaction/redact';
import { arrivalsOf, offsetSince } from './arrivals.ts';
import type { ArchivedStream, LogArchive } from './log-archive.ts';
import { findTail, readBefore, readLines } from './log-file.ts';

/** Where to begin: at a byte, with the last so many lines, or with what came at a time or later. */
export type Begin =
  | { readonly kind: 'at'; readonly offset: number }
  | { readonly kind: 'tail'; readonly lines: number }
  | { readonly kind: 'since'; readonly sinceMs: number };

export interface StreamAsk {
  readonly directory: string;
  readonly stream: OutputStream;
  readonly begin: Begin;
  readonly mostLines: number;
  /** The run is over: a last line without its newline is complete too. */
  readonly ended: boolean;
}

export interface StreamPart {
  readonly stream: OutputStream;
  readonly lines: readonly LogLine[];
  /** Just after the last line given. */
  readonly end: number;
  readonly isAtEnd: boolean;
}

interface Sources {
  readonly archive: LogArchive;
  readonly redactor: Redactor;
}

const mostTries = 8;
const cutMs = 20;
/** Ten seconds: a cut that takes longer was broken off, and the next daemon mends it. */
const mostCutTries = 500;

/**
 * One stream of a run: what left its file for the archive, and then the file. Output moves from one to the other while
 * it is read here; then it is read again.
 */
export const readStream = async (sources: Sources, ask: StreamAsk): Promise<StreamPart> => {
  for (let tries = 1; ; tries += 1) {
    const archived = await sources.archive.stream(ask.directory, ask.stream);
    const kept = await keptFrom(ask.directory, ask.stream);
    const part = await readOnce(sources, { ...ask, archived, kept });
    if (isBeingCut(ask) && tries < mostCutTries) {
      await sleep(cutMs);
      continue;
    }
    const now = await sources.archive.stream(ask.directory, ask.stream);
    const hasMoved = now.end !== archived.end || (await keptFrom(ask.directory, ask.stream)) !== kept;
    if (!hasMoved || tries >= mostTries) return part;
  }
};

/** Its file is short for a moment. */
const isBeingCut = ({ directory, stream }: StreamAsk): boolean =>
  existsSync(keptFileOf(join(directory, outputFileName(stream))));

/** The byte at which a stream ends now, wherever it lies. */
export const endOfStream = async (
  archive: LogArchive,
  { directory, stream }: { directory: string; stream: OutputStream },
): Promise<number> => {
  const file = await findTail(join(directory, outputFileName(stream)), { count: 0, floor: 0 });
  return Math.max(file.offset, (await archive.stream(directory, stream)).end);
};

interface Look extends StreamAsk {
  readonly archived: ArchivedStream;
  readonly kept: number;
}

const readOnce = async (sources: Sources, look: Look): Promise<StreamPart> => {
  const from = await beginOf(sources.archive, look);
  const past = await readFrames(sources.archive, { ...look, from });
  if (!past.isAtEnd) return past;
  const live = await readLive(sources.redactor, {
    ...look,
    from: Math.max(past.end, look.kept),
    mostLines: look.mostLines - past.lines.length,
  });
  return { ...live, lines: [...past.lines, ...live.lines] };
};

const beginOf = async (archive: LogArchive, look: Look): Promise<number> => {
  const { directory, stream, begin, archived } = look;
  switch (begin.kind) {
    case 'at':
      return begin.offset;
    case 'since': {
      const frame = archived.frames.find(({ lastAtMs }) => lastAtMs === null || lastAtMs >= begin.sinceMs);
      return (
        frame?.fromByte ?? Math.max(archived.end, await offsetSince(directory, { stream, sinceMs: begin.sinceMs }))
      );
    }
    case 'tail':
      return tailOf(archive, { ...look, count: begin.lines });
  }
};

const tailOf = async (archive: LogArchive, look: Look & { readonly count: number }): Promise<number> => {
  const file = join(look.directory, outputFileName(look.stream));
  const floor = Math.max(look.archived.end, look.kept);
  let { offset, missing } = await findTail(file, { count: look.count, floor });
  for (const frame of look.archived.frames.toReversed()) {
    if (missing <= 0) break;
    offset = frame.fromByte;
    if (frame.lines > missing)
      offset = (await archive.lines(look.directory, frame)).at(-missing)?.offset ?? frame.fromByte;
    missing -= frame.lines;
  }
  return offset;
};

const mostBytesPerRead = 4_194_304;

const readFrames = async (archive: LogArchive, look: Look & { readonly from: number }): Promise<StreamPart> => {
  const { stream, directory, archived } = look;
  const lines: LogLine[] = [];
  let end = look.from;
  for (const frame of framesAfter(archived.frames, look.from)) {
    if (frame.fromByte - look.from > mostBytesPerRead) return { stream, lines, end, isAtEnd: false };
    for (const line of await archive.lines(directory, frame)) {
      if (line.offset < look.from) continue;
      if (lines.length >= look.mostLines) return { stream, lines, end: line.offset, isAtEnd: false };
      lines.push({ ...line, stream });
    }
    end = frame.toByte;
  }
  return { stream, lines, end, isAtEnd: true };
};

const framesAfter = (frames: readonly ArchiveFrame[], from: number): readonly ArchiveFrame[] => {
  const first = frames.findIndex((frame) => frame.toByte > from);
  return first < 0 ? [] : frames.slice(first);
};

const readLive = async (redactor: Redactor, look: Look & { readonly from: number }): Promise<StreamPart> => {
  const { directory, stream, from, mostLines, ended } = look;
  const file = join(directory, outputFileName(stream));
  const { lines, end, isAtEnd } = await readLines(file, { from, mostLines, takeUnfinished: ended });
  if (lines.length === 0) return { stream, end, isAtEnd, lines: [] };
  const hide = await hideFrom(redactor, { file, from, archived: look.archived });
  const atOf = await arrivalsOf(directory, { stream, from });
  return {
    stream,
    end,
    isAtEnd,
    lines: lines.map(({ offset, text }) => ({ stream, offset, atMs: atOf(offset), text: hide(text) })),
  };
};

/** A page may begin inside a private key, which only the lines before it show. */
const hideFrom = async (
  redactor: Redactor,
  page: { file: string; from: number; archived: ArchivedStream },
): Promise<(line: string) => string> => {
  const last = page.archived.frames.at(-1);
  if (last?.toByte === page.from) return createResumedRedactor(redactor, last.keyLinesLeft).hide;
  const hide = createLineRedactor(redactor);
  const before = await readBefore(page.file, page.from);
  if (before.includes('PRIVATE KEY')) for (const line of before.split('\n').slice(0, -1)) hide(line);
  return hide;
};

/** Before this byte the log was given back to the disk. */
const keptFrom = async (directory: string, stream: OutputStream): Promise<number> => {
  try {
    return parseGivenBack(await readFile(join(directory, givenBackFileName), 'utf8'))[stream];
  } catch {
    return 0; // all of it is there
  }
};
