import type { LineTime } from '#sampling/line-tap';

type Clock = 'date' | 'day-first' | 'syslog' | 'compact' | 'clock' | 'epoch';

// Where logs put their time: at the beginning, perhaps after a bracket, a level or an address.
const searchBytes = 64;
const dayMs = 86_400_000;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * Reads the time that log lines tell. The kind of clock seen first is the log's own: a second one (a quoted line,
 * another time zone) would make time jump.
 */
export const createLineTime = (): LineTime => {
  let own: Clock | null = null;
  let lastMs = 0;
  return (bytes, start, end) => {
    let ms = findStamp(bytes, start, Math.min(end, start + searchBytes));
    if (ms < 0 || (own !== null && foundClock !== own)) return null;
    own = foundClock;
    if (own === 'clock') {
      // Midnight: a clock without a date starts again.
      while (ms < lastMs - dayMs / 2) ms += dayMs;
    }
    lastMs = ms;
    return ms;
  };
};

// What the last search found besides the time: an object for each line would cost as much as reading it.
let foundClock: Clock = 'date';
const nothing = -1;

const findStamp = (bytes: Buffer, start: number, end: number): number => {
  let inNumber = false;
  for (let at = start; at + 8 <= end; at++) {
    const isNumber = isDigit(bytes, at);
    if (isNumber && !inNumber) {
      const ms = stampAt(bytes, start, at);
      if (ms >= 0) return ms;
    }
    inNumber = isNumber;
  }
  return nothing;
};

const stampAt = (bytes: Buffer, start: number, at: number): number => {
  let end = at;
  while (end < at + 14 && isDigit(bytes, end)) end++;
  const digits = end - at;
  const next = bytes[end];
  if (digits === 4 && (next === 45 || next === 47)) return yearFirst(bytes, at);
  if (digits === 2 && next === 58) return clockOnly(bytes, start, at);
  if (digits === 2 && next === 47) return dayFirst(bytes, at);
  if (digits === 6 && next === 32 && at === start) return compact(bytes, at);
  // A figure of that size that stands alone; inside a word it is an id.
  const standsAlone = (at === start || isBound(bytes[at - 1] ?? 0)) && (isBound(next ?? 32) || next === 46);
  if ((digits === 10 || digits === 13) && bytes[at] === 49 && standsAlone) {
    const value = number(bytes, at, digits);
    return found('epoch', digits === 10 ? value * 1000 : value);
  }
  return nothing;
};

const found = (clock: Clock, ms: number): number => {
  foundClock = clock;
  return ms;
};

// 2026-11-22T20:03:30.123Z, 2026/11/22 20:03:30,123
const yearFirst = (bytes: Buffer, at: number): number => {
  if ((bytes[at + 10] !== 84 && bytes[at + 10] !== 32) || bytes[at + 7] !== bytes[at + 4]) return nothing;
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  if (month < 0 || day < 0) return nothing;
  const timeMs = timeOfDay(bytes, at + 11);
  if (timeMs < 0) return nothing;
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  return found('date', dayStart(year, month, day) + timeMs - offsetMs(bytes, at + 19));
};

// 22/Nov/2026:20:03:30 of web servers, and 17/06/09 20:10:40
const dayFirst = (bytes: Buffer, at: number): number => {
  const month = monthAt(bytes, at + 3);
  if (month > 0 && bytes[at + 6] === 47 && bytes[at + 11] === 58 && areDigits(bytes, at + 7, 4)) {
    const timeMs = timeOfDay(bytes, at + 12);
    if (timeMs < 0) return nothing;
    return found('day-first', dayStart(number(bytes, at + 7, 4), month, number(bytes, at, 2)) + timeMs);
  }
  if (bytes[at + 8] !== 32 || !areDigits(bytes, at + 3, 2) || bytes[at + 5] !== 47 || !areDigits(bytes, at + 6, 2))
    return nothing;
  const timeMs = timeOfDay(bytes, at + 9);
  if (timeMs < 0) return nothing;
  const startMs = dayStart(2000 + number(bytes, at, 2), number(bytes, at + 3, 2), number(bytes, at + 6, 2));
  return found('day-first', startMs + timeMs);
};

// `Nov 22 20:03:30` of syslog has a clock whose date stands before it; else it is a clock alone.
const clockOnly = (bytes: Buffer, start: number, at: number): number => {
  const timeMs = timeOfDay(bytes, at);
  if (timeMs < 0) return nothing;
  const month = at - 7 >= start ? monthAt(bytes, at - 7) : 0;
  if (month === 0) return found('clock', timeMs);
  const day = (isDigit(bytes, at - 3) ? (bytes[at - 3] ?? 48) - 48 : 0) * 10 + (bytes[at - 2] ?? 48) - 48;
  // The year is not said; any will do, since only differences count.
  return found('syslog', dayStart(2000, month, day) + timeMs);
};

// 081109 203615
const compact = (bytes: Buffer, at: number): number => {
  if (!areDigits(bytes, at + 7, 6)) return nothing;
  const timeMs = (number(bytes, at + 7, 2) * 3600 + number(bytes, at + 9, 2) * 60 + number(bytes, at + 11, 2)) * 1000;
  const startMs = dayStart(2000 + number(bytes, at, 2), number(bytes, at + 2, 2), number(bytes, at + 4, 2));
  return found('compact', startMs + timeMs);
};

const timeOfDay = (bytes: Buffer, at: number): number => {
  const hours = twoDigits(bytes, at);
  const minutes = twoDigits(bytes, at + 3);
  const seconds = twoDigits(bytes, at + 6);
  if (hours < 0 || minutes < 0 || seconds < 0 || bytes[at + 2] !== 58 || bytes[at + 5] !== 58) return -1;
  const ms = (hours * 3600 + minutes * 60 + seconds) * 1000;
  if (bytes[at + 8] !== 46 && bytes[at + 8] !== 44) return ms;
  const tenths = twoDigits(bytes, at + 9);
  return tenths < 0 || !isDigit(bytes, at + 11) ? ms : ms + tenths * 10 + (bytes[at + 11] ?? 48) - 48;
};

/** The number of two digits; below zero where there are none. */
const twoDigits = (bytes: Buffer, at: number): number => {
  const tens = (bytes[at] ?? 0) - 48;
  const ones = (bytes[at + 1] ?? 0) - 48;
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? -1 : tens * 10 + ones;
};

// +02:00 or -0500 after the time and its fraction; without it the log's own zone does.
const offsetMs = (bytes: Buffer, from: number): number => {
  let at = from;
  if (bytes[at] === 90 || bytes[at] === 32) return 0;
  while (at < from + 11 && (isDigit(bytes, at) || bytes[at] === 46 || bytes[at] === 44)) at++;
  const sign = bytes[at] === 43 ? 1 : bytes[at] === 45 ? -1 : 0;
  if (sign === 0 || !areDigits(bytes, at + 1, 2)) return 0;
  const minutesAt = bytes[at + 3] === 58 ? at + 4 : at + 3;
  if (!areDigits(bytes, minutesAt, 2)) return 0;
  return sign * (number(bytes, at + 1, 2) * 60 + number(bytes, minutesAt, 2)) * 60_000;
};

let knownDay = 0;
let knownDayMs = 0;
// Days repeat from line to line; the calendar is asked once for each.
const dayStart = (year: number, month: number, day: number): number => {
  const key = (year * 100 + month) * 100 + day;
  if (key !== knownDay) {
    knownDay = key;
    knownDayMs = Date.UTC(year, month - 1, day);
  }
  return knownDayMs;
};

const monthAt = (bytes: Buffer, at: number): number => {
  const first = (bytes[at] ?? 0) | 32;
  if (first < 97 || first > 115) return 0;
  return months.indexOf(bytes.toString('latin1', at, at + 3).toLowerCase()) + 1;
};

const isBound = (byte: number): boolean => byte <= 32 || byte === 91 || byte === 93 || byte === 44;

const isDigit = (bytes: Buffer, at: number): boolean => ((bytes[at] ?? 0) - 48) >>> 0 <= 9;

const areDigits = (bytes: Buffer, at: number, count: number): boolean => {
  for (let digit = 0; digit < count; digit++) if (!isDigit(bytes, at + digit)) return false;
  return true;
};

const number = (bytes: Buffer, at: number, digits: number): number => {
  let value = 0;
  for (let digit = 0; digit < digits; digit++) value = value * 10 + (bytes[at + digit] ?? 48) - 48;
  return value;
};
