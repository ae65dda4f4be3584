import { hashBytes, WordSet } from '#sampling/byte-kinds';
import type { LineTime } from '#sampling/line-tap';
import { type Clock, lastStamp, nothing, stampAt, uptimeAt } from './clock-forms.ts';
import { isDigit } from './time-parts.ts';

// Where logs put their time: at the beginning, perhaps after a bracket, a level or an address.
const searchBytes = 64;
// A JSON record may name it anywhere; of a long one the beginning and the end are searched, where loggers add it.
const recordHeadBytes = 512;
const recordTailBytes = 256;
const dayMs = 86_400_000;

/**
 * Reads the time that log lines tell. The kind of clock seen first is the log's own: a second one (a quoted line,
 * another time zone) would make time jump.
 */
export const createLineTime = (): LineTime => {
  let own: Clock | null = null;
  let lastMs = 0;
  return (bytes, start, end) => {
    let ms = stampOf(bytes, start, end, own);
    if (ms < 0) return null;
    own = lastStamp.clock;
    if (own === 'clock') {
      // Midnight: a clock without a date starts again.
      while (ms < lastMs - dayMs / 2) ms += dayMs;
    }
    lastMs = ms;
    return ms;
  };
};

const stampOf = (bytes: Buffer, start: number, end: number, own: Clock | null): number => {
  if (bytes[start] === 123) {
    const ms = stampInRecord(bytes, start, end, own);
    if (ms >= 0) return ms;
  } else if (bytes[start] === 91 && (own === null || own === 'uptime')) {
    const ms = uptimeAt(bytes, start);
    if (ms >= 0) return ms;
  }
  const ms = findStamp(bytes, start, Math.min(end, start + searchBytes));
  return own === null || own === lastStamp.clock ? ms : nothing;
};

const findStamp = (bytes: Buffer, start: number, end: number): number => {
  let inNumber = false;
  for (let at = start; at + 8 <= end; at++) {
    const isNumber = isDigit(bytes, at);
    if (isNumber && !inNumber) {
      const ms = stampAt(bytes, start, at);
      if (ms >= 0 && mayTell(bytes, start, at)) return ms;
    }
    inNumber = isNumber;
  }
  return nothing;
};

// A figure as large as seconds since 1970 is an id inside a word, and after a name that does not speak of time.
const mayTell = (bytes: Buffer, start: number, at: number): boolean => {
  if (lastStamp.clock !== 'epoch' || at === start) return true;
  const before = bytes[at - 1] ?? 0;
  let end = at;
  while (isDigit(bytes, end)) end++;
  const next = bytes[end] ?? 32;
  if (!isBound(next) && next !== 46) return false;
  return before === 58 || before === 61 ? namesTime(bytes, start, at) : isBound(before);
};

const stampInRecord = (bytes: Buffer, start: number, end: number, own: Clock | null): number => {
  const headEnd = Math.min(end, start + recordHeadBytes);
  const ms = findNamed(bytes, start, headEnd, own);
  return ms >= 0 || headEnd === end ? ms : findNamed(bytes, Math.max(headEnd, end - recordTailBytes), end, own);
};

/** A time that is the whole beginning of a value whose name speaks of time. */
const findNamed = (bytes: Buffer, from: number, end: number, own: Clock | null): number => {
  for (let at = from + 4; at + 8 <= end; at++) {
    if (bytes[at] !== 58) continue;
    let value = at + 1;
    while (value < at + 4 && isQuoteOrSpace(bytes[value] ?? 0)) value++;
    if (!isDigit(bytes, value) || !namesTime(bytes, from, value)) continue;
    const ms = stampAt(bytes, value, value);
    if (ms >= 0 && (own === null || own === lastStamp.clock)) return ms;
  }
  return nothing;
};

// The last word of the name decides: `ts`, `@timestamp`, `created_at`, `eventTime`.
const timeNames = new WordSet(
  't ts at time date datetime timestamp stamp epoch when now asctime unixtime localtime dt',
);

/** Whether the value at `at` stands under a name of time. */
const namesTime = (bytes: Buffer, start: number, at: number): boolean => {
  let to = at - 1;
  while (to > start && isQuoteOrSpace(bytes[to] ?? 0)) to--;
  if (bytes[to] !== 58 && bytes[to] !== 61) return false;
  while (to > start && isQuoteOrSpace(bytes[to - 1] ?? 0)) to--;
  let from = to;
  let isSmall = false;
  while (from > start && isLetter(bytes[from - 1] ?? 0)) {
    const isCapital = (bytes[--from] ?? 0) < 97;
    if (isCapital && isSmall) break;
    isSmall ||= !isCapital;
  }
  return from < to && timeNames.has(hashBytes(bytes, from, to));
};

const isLetter = (byte: number): boolean => ((byte | 32) - 97) >>> 0 < 26;

// The backslash too: a record inside a record.
const isQuoteOrSpace = (byte: number): boolean => byte === 34 || byte === 32 || byte === 92;

// What may stand around a figure of that size; a brace ends a record, a parenthesis begins the stamp of an audit.
const isBound = (byte: number): boolean =>
  byte <= 32 || byte === 91 || byte === 93 || byte === 44 || byte === 125 || byte === 40 || byte === 58;
