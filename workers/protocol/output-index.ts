/**
 * `runs/<run-id>/index`: how far the output of a run was read, and when it came. Append-only text, one entry a line:
 *
 *     <1 stdout | 2 stderr> <offset> <arrival, epoch ms> <lines>
 *
 * `offset` is the byte of that stream's file up to which all is read; `lines` are the complete lines of the run, both
 * streams together, up to this entry. Bytes between two entries of a stream arrived at the later one. An offset that
 * goes back means that the file was truncated: what the entries before it say of that stream no longer holds. A last
 * line without its newline was being written when the writer died, and is not an entry.
 */
export interface IndexEntry {
  readonly stream: OutputStream;
  readonly offset: number;
  readonly atMs: number;
  readonly lines: number;
}

export const outputStreams = ['stdout', 'stderr'] as const;
export type OutputStream = (typeof outputStreams)[number];

/** Name of the file in the run directory. */
export const indexFileName = 'index';
export const outputFileName = (stream: OutputStream): string => `${stream}.log`;

/**
 * Beside an output file while its head is cut off: the job stands still, and the file is shorter than it was for a
 * moment. Who finds it short looks for this, and again at the file, before it believes that the job truncated it.
 */
export const keptFileOf = (file: string): string => `${file}.kept`;

export const printIndexEntry = (entry: IndexEntry): string =>
  `${entry.stream === 'stdout' ? 1 : 2} ${entry.offset} ${Math.round(entry.atMs)} ${entry.lines}\n`;

const entryShape = /^([12]) (\d{1,16}) (\d{1,16}) (\d{1,16})$/;

/** Lines that are no entries are passed over: a torn write in the middle must not cost all that follows. */
export const parseIndex = (text: string): IndexEntry[] => {
  const entries: IndexEntry[] = [];
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const [, stream, offset, atMs, lines] = entryShape.exec(line) ?? [];
    if (stream === undefined) continue;
    entries.push({
      stream: stream === '1' ? 'stdout' : 'stderr',
      offset: Number(offset),
      atMs: Number(atMs),
      lines: Number(lines),
    });
  }
  return entries;
};

/** The entries of one stream as it is now, oldest first: what was said before a truncation is left out. */
export const entriesOf = (entries: readonly IndexEntry[], stream: OutputStream): IndexEntry[] => {
  let current: IndexEntry[] = [];
  for (const entry of entries) {
    if (entry.stream !== stream) continue;
    const last = current.at(-1);
    if (last !== undefined && entry.offset < last.offset) current = [];
    current.push(entry);
  }
  return current;
};

/** When the byte at `offset` arrived; null when nothing is known of it (yet). `entries` are those of one stream. */
export const arrivalAt = (entries: readonly IndexEntry[], offset: number): number | null => {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.offset ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return entries[low]?.atMs ?? null;
};
