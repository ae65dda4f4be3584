import { byteKind, byteKinds } from './byte-kinds.ts';

/** The end of a date or a clock that starts with the digits [from, to); 0 when it is neither. */
export const endOfTime = (bytes: Buffer, from: number, to: number, end: number): number => {
  const digits = to - from;
  const next = bytes[to];
  if (
    digits === 4 &&
    (next === 45 || next === 47) &&
    areDigits(bytes, to + 1, 2) &&
    bytes[to + 3] === next &&
    areDigits(bytes, to + 4, 2)
  ) {
    return afterDate(bytes, to + 6, end);
  }
  if (digits <= 2 && next === 58 && areDigits(bytes, to + 1, 2)) return endOfClock(bytes, to, end);
  if (digits === 2 && next === 47 && isMonth(bytes, to + 1) && areDigits(bytes, to + 5, 4))
    return Math.min(to + 9, end);
  // 10 and 13 digits that begin with 1 are seconds and milliseconds of this half century; 16 and 19 are finer ones.
  if ((digits === 10 || digits === 13 || digits === 16 || digits === 19) && bytes[from] === 49)
    return afterFraction(bytes, to, end);
  return 0;
};

const afterDate = (bytes: Buffer, at: number, end: number): number =>
  Math.min(bytes[at] === 84 && isDigit(bytes, at + 1) ? at + 1 : at, end);

const endOfClock = (bytes: Buffer, colon: number, end: number): number => {
  const hasSeconds = bytes[colon + 3] === 58 && areDigits(bytes, colon + 4, 2);
  if (!hasSeconds) {
    // `9:01 AM`; without it, 12:34 may be a place in a file or a ratio.
    const half = (bytes[colon + 4] ?? 0) | 32;
    return bytes[colon + 3] === 32 && (half === 97 || half === 112) && ((bytes[colon + 5] ?? 0) | 32) === 109
      ? Math.min(colon + 6, end)
      : 0;
  }
  const at = afterFraction(bytes, colon + 6, end);
  if (bytes[at] === 90) return Math.min(at + 1, end);
  if ((bytes[at] !== 43 && bytes[at] !== 45) || !areDigits(bytes, at + 1, 2)) return at;
  if (areDigits(bytes, at + 3, 2)) return Math.min(at + 5, end);
  return bytes[at + 3] === 58 && areDigits(bytes, at + 4, 2) ? Math.min(at + 6, end) : at;
};

export const afterFraction = (bytes: Buffer, at: number, end: number): number => {
  if ((bytes[at] !== 46 && bytes[at] !== 44) || !isDigit(bytes, at + 1)) return Math.min(at, end);
  let next = at + 1;
  while (next < end && isDigit(bytes, next)) next++;
  return next;
};

export const isDigit = (bytes: Buffer, at: number): boolean => ((bytes[at] ?? 0) - 48) >>> 0 <= 9;

// Written out: times are looked for at every number.
const areDigits = (bytes: Buffer, at: number, count: 2 | 4): boolean =>
  isDigit(bytes, at) && isDigit(bytes, at + 1) && (count === 2 || (isDigit(bytes, at + 2) && isDigit(bytes, at + 3)));

// `/Nov/`
const isMonth = (bytes: Buffer, at: number): boolean => {
  for (let letter = 0; letter < 3; letter++) if (byteKinds[bytes[at + letter] ?? 0] !== byteKind.letter) return false;
  return bytes[at + 3] === 47;
};
