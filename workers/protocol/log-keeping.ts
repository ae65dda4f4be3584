import type { OutputStream } from './output-index.ts';

/** What becomes of the output of runs, and of the record, on the disk. */
export interface LogKeeping {
  /** Of one run, both streams together: over it, the head of the log is given back. */
  readonly capBytes: number;
  /** What is given back, and the log of a run that is over, goes into an archive first. */
  readonly archives: boolean;
  /** How long the log of a run that is over stays as it is. */
  readonly archiveAfterMs: number;
  /** Logs and archives of all runs together; over it, the oldest of those that are over go. */
  readonly homeBytes: number;
  /** Logs of runs that have been over for longer go. */
  readonly keepMs: number;
  /** Facts that are older go, from the oldest on. */
  readonly keepFactsMs: number;
}

/** What sampling may want to read again stays in the file, however small the cap. */
const leastKeptBytes = 512 * 1024;
const leastArchivedBytes = 64 * 1024;
const mostArchivedBytes = 4 * 1024 * 1024;

/** A stream that takes more of the disk is shortened. */
export const shortenedAbove = ({ capBytes }: LogKeeping): number => capBytes / 2;

/** How much before the byte up to which all was read stays in the file. */
export const keptBytes = ({ capBytes }: LogKeeping): number => Math.max(leastKeptBytes, capBytes / 4);

/** Less than this is not worth a frame of its own. */
export const archivedAtOnce = ({ capBytes }: LogKeeping): number =>
  Math.min(mostArchivedBytes, Math.max(leastArchivedBytes, capBytes / 8));

export type StreamBytes = Readonly<Record<OutputStream, number>>;
