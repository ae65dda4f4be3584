import { isRecord } from '#sampling/agent-stream/json-record';
import type { LineTime } from '#sampling/line-tap';
import { createLineTime } from './line-time.ts';

/** So much is looked at before the format and the clock of a stream are settled. */
export const sniffBytes = 64 * 1024;
// Fewer stamped lines than that are quotations, not the log's own clock.
const stampedShare = 0.05;

// As the reader of normalised events knows them. A log may have a `t` of its own, most often the time.
const eventNames: ReadonlySet<unknown> = new Set([
  'round',
  'tool_call',
  'tool_result',
  'assistant_text',
  'thought',
  'usage',
  'context_compaction',
  'approval_pending',
  'stream_retry',
  'user_message',
  'turn_end',
  'agent_start',
  'agent_end',
  'api_error',
  'fatal',
  'done',
]);

/** What a stream is, by the records that it begins with. */
export const sniffFormat = (head: Buffer): 'lines' | 'timed-lines' | 'events' => {
  const records = head
    .toString('utf8')
    .split('\n', 20)
    .filter((line) => line.startsWith('{'))
    .map(parse)
    .filter(isRecord);
  const [first] = records;
  if (typeof first?.t === 'number' && typeof first.line === 'string') return 'timed-lines';
  return records.some(({ t }) => eventNames.has(t)) ? 'events' : 'lines';
};

/** Where the time of each line comes from: its own stamp where the stream has them, an even pace where it has not. */
export const clockOf = (head: Buffer, linesPerSecond: number): LineTime => {
  const probe = createLineTime();
  let lines = 0;
  let stamped = 0;
  let firstMs = 0;
  for (let start = 0; start < head.length; ) {
    const newline = head.indexOf(10, start);
    const end = newline < 0 ? head.length : newline;
    const ms = probe(head, start, end);
    if (end > start) lines++;
    if (ms !== null && stamped++ === 0) firstMs = ms;
    start = end + 1;
  }
  return stamped > 0 && stamped >= lines * stampedShare ? stampedFrom(firstMs, linesPerSecond) : paced(linesPerSecond);
};

// A stack trace belongs to its stamp; what is longer than this without one takes time.
const unstampedBlock = 10;

// Lines before the first stamp happened no later than it. A long run of lines without stamps is paced, so that what is
// printed into a stamped log without them has a length too. Time never turns back, not in a log out of order either.
const stampedFrom = (firstMs: number, linesPerSecond: number): LineTime => {
  const own = createLineTime();
  let nowMs = firstMs;
  let unstamped = Number.NEGATIVE_INFINITY;
  return (bytes, start, end) => {
    const ms = own(bytes, start, end);
    unstamped = ms === null ? unstamped + 1 : 0;
    if (ms !== null) nowMs = Math.max(nowMs, ms);
    else if (unstamped > unstampedBlock) nowMs += 1000 / linesPerSecond;
    return nowMs;
  };
};

const paced = (linesPerSecond: number): LineTime => {
  let lines = 0;
  return () => (lines++ * 1000) / linesPerSecond;
};

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return null; // a cut or foreign line decides nothing: the stream is read as lines
  }
};
