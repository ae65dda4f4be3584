import { byteKind, byteKinds } from './byte-kinds.ts';

// Three wide gaps part four columns; a sentence has none, and a log that pads its level and its source has two.
const fewestGaps = 3;

/** Whether a line names the columns of a table (`Name   # reqs   # fails   Median`): such words tell of nothing that happened. */
export const isColumnTitles = (bytes: Buffer, from: number, end: number): boolean => {
  let gaps = 0;
  let spaces = 0;
  let sawText = false;
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 32;
    if (byteKinds[byte] === byteKind.digit) return false;
    if (byte === 32 || byte === 9) {
      spaces += byte === 9 ? 2 : 1;
      continue;
    }
    if (sawText && spaces >= 2) gaps++;
    sawText = true;
    spaces = 0;
  }
  return gaps >= fewestGaps;
};
