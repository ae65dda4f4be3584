import {
  areDigits,
  dayStart,
  isDigit,
  monthAt,
  number,
  offsetMs,
  thousandths,
  timeOfDay,
  twoDigits,
} from './time-parts.ts';

/** The ways in which logs write a time. `clock` has no date, `uptime` counts from the start of a machine. */
export type Clock = 'date' | 'day-first' | 'slashed' | 'syslog' | 'compact' | 'clock' | 'epoch' | 'uptime';

/** What the last stamp was besides the time: an object for each line would cost as much as reading it. */
export const lastStamp: { clock: Clock } = { clock: 'date' };
/** No stamp. */
export const nothing = -1;

/** The time that the digits at `at` begin to tell, in the line that begins at `start`; below zero when they tell none. */
export const stampAt = (bytes: Buffer, start: number, at: number): number => {
  let end = at;
  while (end < at + 20 && isDigit(bytes, end)) end++;
  const digits = end - at;
  const next = bytes[end];
  if (digits === 4 && (next === 45 || next === 47)) return yearFirst(bytes, at);
  if (digits <= 2 && next === 58) return clockOnly(bytes, start, at);
  if (digits <= 2 && next === 47) {
    const ms = digits === 2 ? dayFirst(bytes, at) : nothing;
    return ms >= 0 ? ms : slashed(bytes, at, end);
  }
  if (digits === 8 && next === 84) return basicIso(bytes, at);
  if (digits === 6 && next === 32 && at === start) return compact(bytes, at);
  return digits >= 10 && bytes[at] === 49 ? epoch(bytes, at, digits) : nothing;
};

/** `[   12.345678]` at the start of a line, as kernels and display servers count from their own start. */
export const uptimeAt = (bytes: Buffer, start: number): number => {
  let at = start + 1;
  while (bytes[at] === 32) at++;
  const from = at;
  while (at < from + 9 && isDigit(bytes, at)) at++;
  if (at === from || bytes[at] !== 46 || !areDigits(bytes, at + 1, 3)) return nothing;
  const closes = bytes[at + 4] === 93 || (areDigits(bytes, at + 4, 3) && bytes[at + 7] === 93);
  return closes ? found('uptime', number(bytes, from, at - from) * 1000 + thousandths(bytes, at + 1)) : nothing;
};

const found = (clock: Clock, ms: number): number => {
  lastStamp.clock = clock;
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

// 11/1/2026, 1:00:00 PM and 22/11/2026 20:03:30. Which is the month matters on the day that ends only.
const slashed = (bytes: Buffer, at: number, slash: number): number => {
  const second = isDigit(bytes, slash + 2) ? 2 : 1;
  const year = slash + second + 2;
  if (!areDigits(bytes, slash + 1, second) || bytes[year - 1] !== 47 || !areDigits(bytes, year, 4)) return nothing;
  const timeMs = timeOfDay(bytes, bytes[year + 4] === 44 ? year + 6 : year + 5);
  if (timeMs < 0) return nothing;
  const one = number(bytes, at, slash - at);
  const other = number(bytes, slash + 1, second);
  const isMonthFirst = one <= 12;
  const startMs = dayStart(number(bytes, year, 4), isMonthFirst ? one : other, isMonthFirst ? other : one);
  return found('slashed', startMs + timeMs);
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

// 20261122T200330.123Z
const basicIso = (bytes: Buffer, at: number): number => {
  if (!areDigits(bytes, at + 9, 6) || isDigit(bytes, at + 15)) return nothing;
  const year = number(bytes, at, 4);
  const startMs = dayStart(year, number(bytes, at + 4, 2), number(bytes, at + 6, 2));
  const fractionMs = bytes[at + 15] === 46 || bytes[at + 15] === 44 ? thousandths(bytes, at + 16) : 0;
  return found('date', startMs + plainTime(bytes, at + 9) + fractionMs - offsetMs(bytes, at + 15));
};

// 081109 203615
const compact = (bytes: Buffer, at: number): number => {
  if (!areDigits(bytes, at + 7, 6)) return nothing;
  const startMs = dayStart(2000 + number(bytes, at, 2), number(bytes, at + 2, 2), number(bytes, at + 4, 2));
  return found('compact', startMs + plainTime(bytes, at + 7));
};

const plainTime = (bytes: Buffer, at: number): number =>
  (number(bytes, at, 2) * 3600 + number(bytes, at + 2, 2) * 60 + number(bytes, at + 4, 2)) * 1000;

// Seconds since 1970 with or without a fraction, or thousandths, millionths, billionths of them.
const epoch = (bytes: Buffer, at: number, digits: number): number => {
  if (digits === 10) {
    const fractionMs = bytes[at + 10] === 46 ? thousandths(bytes, at + 11) : 0;
    return found('epoch', number(bytes, at, 10) * 1000 + fractionMs);
  }
  return digits === 13 || digits === 16 || digits === 19 ? found('epoch', number(bytes, at, 13)) : nothing;
};
