import type { ProgressMark } from '#protocol/observations';
import type { OutputStream } from '#protocol/output-index';
import type { Redactor } from '#redaction/redact';

/** Finds lines such as `::flowforge progress=12/100 token=ab12::` in either stream. */
export interface HeartbeatReader {
  feed(stream: OutputStream, chunk: Buffer, atMs: number): void;
  take(): readonly ProgressMark[];
}

const opening = '::flowforge ';
const newline = 0x0a;
// A heartbeat is a short line; what is longer is not one.
const longestLine = 512;
const rememberedTokens = 64;
const marksAtMost = 32;

/** A token that was seen lately is no progress: a loop may say the same few over and over. */
export const createHeartbeatReader = (redact: Redactor): HeartbeatReader => {
  const carried: Record<OutputStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const tokens = new Set<string>();
  let marks: ProgressMark[] = [];

  const read = (line: string, atMs: number): void => {
    const beat = parseHeartbeat(line);
    if (beat === null || tokens.has(beat.token)) return;
    tokens.add(beat.token);
    const [oldest] = tokens;
    if (tokens.size > rememberedTokens && oldest !== undefined) tokens.delete(oldest);
    marks = [
      ...marks.slice(1 - marksAtMost),
      { atMs, source: 'heartbeat', sharePct: beat.sharePct, detail: redact.text(beat.detail) },
    ];
  };
  const readLine = (chunk: Buffer, from: number): string => {
    const end = chunk.indexOf(newline, from);
    return chunk.toString('utf8', from, Math.min(end === -1 ? chunk.length : end, from + longestLine));
  };

  return {
    feed: (stream, chunk, atMs) => {
      const firstEnd = chunk.indexOf(newline);
      const begun = carried[stream];
      if (firstEnd === -1) {
        carried[stream] = begun.length + chunk.length > longestLine ? Buffer.alloc(0) : Buffer.concat([begun, chunk]);
        return;
      }
      let at = 0;
      if (begun.length > 0) {
        read(readLine(Buffer.concat([begun, chunk.subarray(0, Math.min(firstEnd, longestLine))]), 0), atMs);
        at = firstEnd + 1;
      }
      const lastEnd = chunk.lastIndexOf(newline);
      for (at = chunk.indexOf(opening, at); at !== -1 && at < lastEnd; at = chunk.indexOf(opening, at + 1))
        read(readLine(chunk, at), atMs);
      carried[stream] =
        chunk.length - lastEnd - 1 > longestLine ? Buffer.alloc(0) : Buffer.from(chunk.subarray(lastEnd + 1));
    },
    take: () => {
      const taken = marks;
      marks = [];
      return taken;
    },
  };
};

/** The progress itself is the token where none is given. */
export const parseHeartbeat = (line: string): { token: string; sharePct: number | null; detail: string } | null => {
  const said = /::flowforge (.{1,400}?)::/.exec(line)?.[1];
  if (said === undefined) return null;
  const fields = new Map(
    said.split(' ').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  const progress = fields.get('progress');
  const token = fields.get('token') ?? progress;
  if (token === undefined) return null;
  if (progress === undefined) return { token, sharePct: null, detail: `token ${token}` };
  const detail = token === progress ? `progress ${progress}` : `progress ${progress}, token ${token}`;
  return { token, sharePct: parseShare(progress), detail };
};

const parseShare = (progress: string): number | null => {
  const [, done, all] = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(progress) ?? [];
  if (done !== undefined && all !== undefined && Number(all) > 0)
    return Math.min(100, (Number(done) / Number(all)) * 100);
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(progress)?.[1];
  return percent === undefined ? null : Math.min(100, Number(percent));
};
