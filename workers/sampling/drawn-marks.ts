import { lineFlag } from '#protocol/observations';
import { byteKind, byteKinds } from './byte-kinds.ts';
import { type LineCursor, mix } from './line-cursor.ts';

/** A lone mark that turns: |/-\\ */
export const isSpinner = (bytes: Buffer, at: number, byte: number): boolean => {
  if (byte !== 124 && byte !== 47 && byte !== 45 && byte !== 92) return false;
  const before = at === 0 ? 32 : (bytes[at - 1] ?? 32);
  const after = bytes[at + 1] ?? 32;
  return (before <= 32 || before === 91) && (after <= 32 || after === 93);
};

/** A character of U+2000-2FFF: drawing says nothing, a tick or a cross does. */
export const drawSymbol = (cursor: LineCursor, bytes: Buffer): void => {
  const { at, end } = cursor;
  let next = at + 1;
  while (next < end && next < at + 3 && ((bytes[next] ?? 0) & 0xc0) === 0x80) next++;
  cursor.at = next;
  // Of a broken character only what is its own is read: what follows may be the next line, or not have come yet.
  const row = next > at + 1 ? (bytes[at + 1] ?? 0) : 0;
  const column = next > at + 2 ? (bytes[at + 2] ?? 0) : 0;
  // Boxes, blocks, dots (94-97) and braille (A0-A3) are drawing: bars and spinners. Ticks and crosses say something.
  const isDrawing = (row >= 0x94 && row <= 0x97) || (row >= 0xa0 && row <= 0xa3) || row === 0x80;
  // A braille cell is a frame of a spinner: the line is one more picture of the same wait.
  if (row >= 0xa0 && row <= 0xa3) cursor.flags |= lineFlag.redraw;
  if (isCross(row, column) && bytes[next] === 32 && startsWord(bytes, next + 1)) cursor.flags |= lineFlag.failing;
  if (!isDrawing) cursor.l2 = mix(cursor.l2, (row << 8) | column);
};

// The crosses of U+2715-2718 and U+274C in front of a word say that it failed; `✗ 0` counts none.
const isCross = (row: number, column: number): boolean =>
  (row === 0x9c && column >= 0x95 && column <= 0x98) || (row === 0x9d && column === 0x8c);

const startsWord = (bytes: Buffer, at: number): boolean => byteKinds[bytes[at] ?? 32] === byteKind.letter;
