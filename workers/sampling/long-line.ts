import type { FileGap } from './followed-file.ts';

/** A longer line is told of: detection sees its first 16 KiB alone, and it is shown in pieces. */
export const longLineBytes = 1024 * 1024;

/** Watches one stream for a line that does not end; costs one look at the last line break of each chunk. */
export const createLongLineWatch = (
  onLongLine: (gap: FileGap) => void,
): { readonly see: (chunk: Buffer, offset: number) => void } => {
  let begin = 0;
  let end = 0;
  let isTold = false;
  return {
    see: (chunk, offset) => {
      // Passed over, or truncated: where the line began is not known any more.
      if (offset !== end) begin = offset;
      if (offset !== end) isTold = false;
      end = offset + chunk.length;
      const lineBreak = Math.max(chunk.lastIndexOf(0x0a), chunk.lastIndexOf(0x0d));
      if (lineBreak >= 0) {
        begin = offset + lineBreak + 1;
        isTold = false;
      }
      if (isTold || end - begin <= longLineBytes) return;
      isTold = true;
      const why = `a line of more than ${longLineBytes} bytes without a newline: only its beginning is looked at, and it is shown in pieces`;
      onLongLine({ fromByte: begin, toByte: end, why });
    },
  };
};
