const dayMs = 86_400_000;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** `20:03:30.123` or `1:00:00 PM` as milliseconds; below zero where there is neither. One digit is an hour only beside AM or PM. */
export const timeOfDay = (bytes: Buffer, at: number): number => {
  const isShort = bytes[at + 1] === colon;
  const from = isShort ? at - 1 : at;
  const hours = isShort ? (bytes[at] ?? 0) - 48 : twoDigits(bytes, at);
  const minutes = twoDigits(bytes, from + 3);
  const seconds = twoDigits(bytes, from + 6);
  if (hours >>> 0 > 23 || minutes < 0 || seconds < 0 || bytes[from + 2] !== colon || bytes[from + 5] !== colon)
    return -1;
  const ms = (hours * 3600 + minutes * 60 + seconds) * 1000;
  const next = bytes[from + 8];
  if (next === 32 || next === narrowSpace) {
    const half = halfOfDay(bytes, next === 32 ? from + 9 : from + 11);
    if (half >= 0) return hours > 12 ? -1 : ms + (half - (hours === 12 ? dayMs / 2 : 0));
  }
  if (isShort) return -1;
  return next === 46 || next === 44 ? ms + thousandths(bytes, from + 9) : ms;
};

const colon = 58;
// U+202F, which newer tables of locales put before AM and PM, begins so.
const narrowSpace = 0xe2;

/** What PM adds to the time; below zero where there is neither AM nor PM. */
const halfOfDay = (bytes: Buffer, at: number): number => {
  const first = (bytes[at] ?? 0) | 32;
  const after = (bytes[at + 2] ?? 0) | 32;
  if ((first !== 97 && first !== 112) || ((bytes[at + 1] ?? 0) | 32) !== 109 || (after >= 97 && after <= 122))
    return -1;
  return first === 112 ? dayMs / 2 : 0;
};

/** Three digits of a fraction; nothing where there are fewer. */
export const thousandths = (bytes: Buffer, at: number): number => (areDigits(bytes, at, 3) ? number(bytes, at, 3) : 0);

/** The number of two digits; below zero where there are none. */
export const twoDigits = (bytes: Buffer, at: number): number => {
  const tens = (bytes[at] ?? 0) - 48;
  const ones = (bytes[at + 1] ?? 0) - 48;
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? -1 : tens * 10 + ones;
};

// +02:00 or -0500 after the time and its fraction; without it the log's own zone does.
export const offsetMs = (bytes: Buffer, from: number): number => {
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
export const dayStart = (year: number, month: number, day: number): number => {
  const key = (year * 100 + month) * 100 + day;
  if (key !== knownDay) {
    knownDay = key;
    knownDayMs = Date.UTC(year, month - 1, day);
  }
  return knownDayMs;
};

/** 1 to 12; 0 where no month is named. */
export const monthAt = (bytes: Buffer, at: number): number => {
  const first = (bytes[at] ?? 0) | 32;
  if (first < 97 || first > 115) return 0;
  return months.indexOf(bytes.toString('latin1', at, at + 3).toLowerCase()) + 1;
};

export const isDigit = (bytes: Buffer, at: number): boolean => ((bytes[at] ?? 0) - 48) >>> 0 <= 9;

export const areDigits = (bytes: Buffer, at: number, count: number): boolean => {
  for (let digit = 0; digit < count; digit++) if (!isDigit(bytes, at + digit)) return false;
  return true;
};

export const number = (bytes: Buffer, at: number, digits: number): number => {
  let value = 0;
  for (let digit = 0; digit < digits; digit++) value = value * 10 + (bytes[at + digit] ?? 48) - 48;
  return value;
};
