import { spawn } from 'node:child_process';
import type { OutputStream } from '#protocol/output-index';
import { readGivenBack, writeGivenBack } from './given-back-file.ts';

/** @param onEnd hears why it could not be done; null when it was. */
export type Punch = (
  file: string,
  hole: { readonly from: number; readonly length: number },
  onEnd: (why: string | null) => void,
) => void;

/** A flood does not wait for the end of the process that punches the last hole; what two of them punch is a hole all the same. */
const punchesAtOnce = 3;

export interface Head {
  readonly runDir: string;
  readonly stream: OutputStream;
  readonly file: string;
  /** Of the file, now. */
  readonly size: number;
}

export type HeadEnd =
  | { readonly kind: 'given'; readonly from: number; readonly upTo: number }
  | { readonly kind: 'refused'; readonly why: string };

export interface HolePunch {
  isBusy(file: string): boolean;
  /** Nothing happens where as much was given back already. */
  give(head: Head, upTo: number, onEnd: (end: HeadEnd) => void): void;
  forget(isOver: (file: string) => boolean): void;
}

interface Holes {
  underWay: number;
  /** Up to here the disk has got it back, as far as this daemon knows. */
  punchedUpTo: number;
  /** What an earlier daemon wrote down may be a hole. */
  readonly claimedUpTo: number;
}

/**
 * Each hole begins where the last that was punched ends, so one that failed is made up for by the next. What readers are
 * told to pass over is taken back when it was not given back after all.
 */
export const createHolePunch = (punch: Punch): HolePunch => {
  const holes = new Map<string, Holes>();

  const end = ({ runDir, stream, file }: Head, one: Holes): void => {
    one.underWay -= 1;
    if (one.underWay > 0 || holes.get(file) !== one) return;
    const given = readGivenBack(runDir);
    const really = Math.max(one.claimedUpTo, one.punchedUpTo);
    if (given[stream] > really) writeGivenBack(runDir, { ...given, [stream]: really });
  };

  return {
    isBusy: (file) => (holes.get(file)?.underWay ?? 0) >= punchesAtOnce,
    give: (head, upTo, onEnd) => {
      const { runDir, stream, file, size } = head;
      const given = readGivenBack(runDir);
      // Truncated since: what is there now was never given back.
      const isAnew = size < given[stream];
      const from = isAnew ? 0 : given[stream];
      if (upTo <= from) return;
      const one = (isAnew ? undefined : holes.get(file)) ?? { underWay: 0, punchedUpTo: 0, claimedUpTo: from };
      holes.set(file, one);
      // Written first: whoever reads the log must not take the hole for output.
      if (!writeGivenBack(runDir, { ...given, [stream]: upTo })) return;
      one.underWay += 1;
      punch(file, { from: one.punchedUpTo, length: upTo - one.punchedUpTo }, (why) => {
        if (why === null) one.punchedUpTo = Math.max(one.punchedUpTo, upTo);
        end(head, one);
        onEnd(why === null ? { kind: 'given', from, upTo } : { kind: 'refused', why });
      });
    },
    forget: (isOver) => {
      for (const file of holes.keys()) if (isOver(file)) holes.delete(file);
    },
  };
};

export const fallocate: Punch = (file, { from, length }, onEnd) => {
  const child = spawn('fallocate', ['--punch-hole', '--offset', String(from), '--length', String(length), file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes) => {
    said = `${said}${bytes}`.slice(0, 200);
  });
  // Both may come, and only the first counts.
  let isOver = false;
  const tell = (why: string | null): void => {
    if (!isOver) onEnd(why);
    isOver = true;
  };
  child.once('error', (error) =>
    tell('code' in error && error.code === 'ENOENT' ? 'fallocate (util-linux) is not installed' : error.message),
  );
  child.once('close', (code) => tell(code === 0 ? null : said.trim() || `fallocate ended with code ${code}`));
};
