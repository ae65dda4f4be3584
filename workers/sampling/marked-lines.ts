import type { OutputStream } from '#protocol/output-index';

const newline = 0x0a;
// What a program says to us, or a line that names a metric, is short; what is longer is neither.
const longestLine = 512;

/** Finds the lines that hold one of a few marks, at the cost of a search; the others are never made text of. */
export const createMarkedLines = (
  marks: readonly string[],
  onLine: (line: string, atMs: number) => void,
): { feed(stream: OutputStream, chunk: Buffer, atMs: number): void } => {
  const carried: Record<OutputStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

  const read = (line: Buffer, atMs: number): void => {
    const text = line.toString('utf8');
    if (marks.some((mark) => text.includes(mark))) onLine(text, atMs);
  };
  const readWhole = (chunk: Buffer, from: number, atMs: number): void => {
    const found = marks.map((mark) => chunk.indexOf(mark, from));
    for (;;) {
      const at = Math.min(...found.filter((place) => place !== -1));
      if (at === Number.POSITIVE_INFINITY) return;
      const end = chunk.indexOf(newline, at);
      if (end === -1) return;
      const start = chunk.lastIndexOf(newline, at) + 1;
      if (start >= from) read(chunk.subarray(Math.max(start, at - longestLine), Math.min(end, at + longestLine)), atMs);
      marks.forEach((mark, index) => {
        const place = found[index] ?? -1;
        if (place !== -1 && place < end) found[index] = chunk.indexOf(mark, end);
      });
    }
  };

  return {
    feed: (stream, chunk, atMs) => {
      const firstEnd = chunk.indexOf(newline);
      const begun = carried[stream];
      if (firstEnd === -1) {
        carried[stream] = begun.length + chunk.length > longestLine ? Buffer.alloc(0) : Buffer.concat([begun, chunk]);
        return;
      }
      let from = 0;
      if (begun.length > 0) {
        read(Buffer.concat([begun, chunk.subarray(0, Math.min(firstEnd, longestLine))]), atMs);
        from = firstEnd + 1;
      }
      readWhole(chunk, from, atMs);
      const lastEnd = chunk.lastIndexOf(newline);
      carried[stream] =
        chunk.length - lastEnd - 1 > longestLine ? Buffer.alloc(0) : Buffer.from(chunk.subarray(lastEnd + 1));
    },
  };
};
