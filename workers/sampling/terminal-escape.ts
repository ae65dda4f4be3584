import { lineFlag } from '#protocol/observations';
import type { LineCursor } from './line-cursor.ts';

// A screen that is cleared is drawn anew from the top: one screenful of lines belongs to the redraw.
const screenRows = 50;

/** Steps over an ANSI escape sequence; a cursor movement makes the line a redraw. @returns the place after it. */
export const skipEscape = (cursor: LineCursor, bytes: Buffer): number => {
  const { at, end } = cursor;
  const kind = bytes[at + 1];
  if (kind === 93) return skipString(bytes, at + 2, end);
  // `ESC ( B` chooses a character set.
  if ((kind === 40 || kind === 41) && at + 2 < end && bytes[at + 2] !== 10) return at + 3;
  if (kind !== 91) return at + 2 > end || kind === 10 ? at + 1 : at + 2;
  let next = at + 2;
  let count = 0;
  for (; next < end; next++) {
    const byte = bytes[next] ?? 0;
    if (byte >= 64 && byte <= 126) break;
    if (byte < 32) return next;
    if (byte >= 48 && byte <= 57) count = Math.min(count * 10 + byte - 48, screenRows);
  }
  noteMovement(cursor, bytes[next] ?? 0, count);
  return Math.min(next + 1, end);
};

// OSC strings (window titles, links) end with BEL or ESC \.
const skipString = (bytes: Buffer, from: number, end: number): number => {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 7) return at + 1;
    if (byte === 27) return Math.min(at + 2, end);
    if (byte === 10) return at;
  }
  return end;
};

const noteMovement = (cursor: LineCursor, final: number, count: number): void => {
  const up = final === 65 || final === 70;
  const home = final === 72 || final === 74 || final === 102;
  const column = final === 71;
  if (!up && !home && !column) return;
  cursor.flags |= lineFlag.redraw;
  if (up) cursor.rowsUp = Math.max(cursor.rowsUp, count, 1);
  // `ESC[J` alone clears what is below; only home and clear-all begin a new screen.
  if (home && (final !== 74 || count >= 2)) cursor.rowsUp = screenRows;
};
