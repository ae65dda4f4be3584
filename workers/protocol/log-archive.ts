import type { OutputStream } from './output-index.ts';

/**
 * `runs/<run-id>/archive` holds output that left the log files, redacted, as gzip frames one after the other; each is
 * read by itself. `archive-index` says what each holds. Append-only text, one frame a line:
 *
 *     <1 stdout | 2 stderr> <from> <to> <lines> <first arrival> <last arrival> <position> <length> <key lines> <other>
 *
 * `from` and `to` are bytes of that stream's log as the job wrote it; arrivals are epoch ms, or `-`. `position` and
 * `length` lie in the archive. `key lines` is how much longer a private key may go on that was open at the end of the
 * frame. `other` is up to where the other stream is archived, so that the last line alone tells of both.
 * A frame is there once its line is: what a crash left behind the last one is written over. A frame from byte 0 to byte
 * 0 says that the log was truncated: the frames of that stream before it hold what its file no longer does.
 *
 * A frame is text, one line of output a line: `<bytes since the line before> <ms since, or -> <text>`.
 */
export interface ArchiveFrame {
  readonly stream: OutputStream;
  readonly fromByte: number;
  readonly toByte: number;
  readonly lines: number;
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
  readonly position: number;
  readonly length: number;
  readonly keyLinesLeft: number;
  readonly otherToByte: number;
}

export const archiveFileName = 'archive';
export const archiveIndexFileName = 'archive-index';

export const printArchiveFrame = (frame: ArchiveFrame): string => {
  const { fromByte, toByte, lines, position, length, keyLinesLeft, otherToByte } = frame;
  const stream = frame.stream === 'stdout' ? 1 : 2;
  const arrivals = `${frame.firstAtMs ?? '-'} ${frame.lastAtMs ?? '-'}`;
  return `${stream} ${fromByte} ${toByte} ${lines} ${arrivals} ${position} ${length} ${keyLinesLeft} ${otherToByte}\n`;
};

const number = '(\\d{1,16})';
const arrival = '(\\d{1,16}|-)';
const frameShape = new RegExp(
  `^([12]) ${[number, number, number, arrival, arrival, number, number, number, number].join(' ')}$`,
);

/** Lines that are no frames are passed over; so is a last line without its newline. */
export const parseArchiveIndex = (text: string): ArchiveFrame[] => {
  const frames: ArchiveFrame[] = [];
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const [, stream, ...rest] = frameShape.exec(line) ?? [];
    if (stream === undefined) continue;
    const [fromByte = 0, toByte = 0, lines = 0] = rest.slice(0, 3).map(Number);
    const [position = 0, length = 0, keyLinesLeft = 0, otherToByte = 0] = rest.slice(5).map(Number);
    frames.push({
      stream: stream === '1' ? 'stdout' : 'stderr',
      ...{ fromByte, toByte, lines, position, length, keyLinesLeft, otherToByte },
      firstAtMs: toTime(rest[3]),
      lastAtMs: toTime(rest[4]),
    });
  }
  return frames;
};

const toTime = (text: string | undefined): number | null => (text === undefined || text === '-' ? null : Number(text));

export const isTruncation = (frame: Pick<ArchiveFrame, 'toByte'>): boolean => frame.toByte === 0;

/** The frames of one stream as its file is now, oldest first, each byte in one of them. */
export const framesOf = (frames: readonly ArchiveFrame[], stream: OutputStream): ArchiveFrame[] => {
  let current: ArchiveFrame[] = [];
  for (const frame of frames) {
    if (frame.stream !== stream) continue;
    if (isTruncation(frame)) current = [];
    else if (frame.fromByte >= (current.at(-1)?.toByte ?? 0)) current.push(frame);
  }
  return current;
};

/** Up to which byte each stream is archived, from the end of an index. */
export const archivedUpTo = (indexEnd: string): Readonly<Record<OutputStream, number>> => {
  const last = parseArchiveIndex(indexEnd).at(-1);
  if (last === undefined) return { stdout: 0, stderr: 0 };
  return last.stream === 'stdout'
    ? { stdout: last.toByte, stderr: last.otherToByte }
    : { stdout: last.otherToByte, stderr: last.toByte };
};

export interface ArchivedLine {
  readonly offset: number;
  readonly atMs: number | null;
  readonly text: string;
}

/** @param fromByte of the frame. */
export const printArchivedLines = (lines: readonly ArchivedLine[], fromByte: number): string => {
  let offset = fromByte;
  let atMs = 0;
  return lines
    .map((line) => {
      const told = `${line.offset - offset} ${line.atMs === null ? '-' : line.atMs - atMs} ${line.text}\n`;
      offset = line.offset;
      atMs = line.atMs ?? atMs;
      return told;
    })
    .join('');
};

/** @throws TypeError where a line has not the shape of one. */
export const parseArchivedLines = (text: string, fromByte: number): ArchivedLine[] => {
  let offset = fromByte;
  let atMs = 0;
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const first = line.indexOf(' ');
      const second = line.indexOf(' ', first + 1);
      const since = line.slice(first + 1, second);
      offset += Number(line.slice(0, first));
      if (since !== '-') atMs += Number(since);
      if (first < 1 || second < 0 || !Number.isSafeInteger(offset) || !Number.isSafeInteger(atMs))
        throw new TypeError(`expected "<bytes> <ms or -> <text>", got ${JSON.stringify(line.slice(0, 60))}`);
      return { offset, atMs: since === '-' ? null : atMs, text: line.slice(second + 1) };
    });
};
