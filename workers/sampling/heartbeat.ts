import type { ProgressMark } from '#protocol/observations';
import type { OutputStream } from '#protocol/output-index';
import type { Redactor } from '#redaction/redact';
import { createBestValues, type TrackedMetric } from './best-values.ts';
import { createMarkedLines } from './marked-lines.ts';

/** Finds lines such as `::flowforge progress=12/100 token=ab12::` in either stream, and the numbers that a run is told to track. */
export interface HeartbeatReader {
  feed(stream: OutputStream, chunk: Buffer, atMs: number): void;
  take(): readonly ProgressMark[];
}

const opening = '::flowforge ';
const rememberedTokens = 64;
const marksAtMost = 32;

/** A token that was seen lately is no progress: a loop may say the same few over and over. Nor is a metric that is no better than its best. */
export const createHeartbeatReader = (redact: Redactor, tracked: readonly TrackedMetric[] = []): HeartbeatReader => {
  const tokens = new Set<string>();
  const best = createBestValues(tracked);
  let marks: ProgressMark[] = [];

  const mark = (made: ProgressMark): void => {
    marks = [...marks.slice(1 - marksAtMost), { ...made, detail: redact.text(made.detail) }];
  };
  const readBeat = (line: string, atMs: number): void => {
    const fields = fieldsOf(line);
    const improved = best.told(fields.get('metric') ?? '');
    if (improved !== null) mark({ atMs, source: 'metric', sharePct: null, detail: improved });
    const beat = beatOf(fields);
    if (beat === null || tokens.has(beat.token)) return;
    tokens.add(beat.token);
    const [oldest] = tokens;
    if (tokens.size > rememberedTokens && oldest !== undefined) tokens.delete(oldest);
    mark({ atMs, source: 'heartbeat', sharePct: beat.sharePct, detail: beat.detail });
  };
  const lines = createMarkedLines([opening, ...tracked.map(({ name }) => name)], (line, atMs) => {
    if (line.includes(opening)) return readBeat(line, atMs);
    const improved = best.printed(line);
    if (improved !== null) mark({ atMs, source: 'metric', sharePct: null, detail: improved });
  });

  return {
    feed: lines.feed,
    take: () => {
      const taken = marks;
      marks = [];
      return taken;
    },
  };
};

const fieldsOf = (line: string): ReadonlyMap<string, string> => {
  const said = /::flowforge (.{1,400}?)::/.exec(line)?.[1] ?? '';
  return new Map(said.split(' ').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
};

/** The progress itself is the token where none is given. */
const beatOf = (
  fields: ReadonlyMap<string, string>,
): { token: string; sharePct: number | null; detail: string } | null => {
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
