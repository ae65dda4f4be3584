import type { ProgressMark } from '#protocol/observations';
import { createFileProgress, type FileProgress } from './file-progress.ts';

/** Goes round the working directories, one look at a time; runs that share a directory share the look. */
export interface FileRounds {
  /** Starts the next look if it is time for one; never waits. `tell` hears of changes in a directory. */
  turn(cwds: ReadonlySet<string>, moment: { atMs: number; monoMs: number }): void;
  settled(): Promise<void>;
}

const lookEveryMs = 500;
const sameEveryMs = 5000;

export const createFileRounds = (
  exclude: string,
  tell: (cwd: string, marks: readonly ProgressMark[]) => void,
): FileRounds => {
  const known = new Map<string, { readonly progress: FileProgress; lookedAtMs: number }>();
  let underWay: Promise<void> | null = null;
  let lastLookMs = Number.NEGATIVE_INFINITY;

  const nextOf = (cwds: ReadonlySet<string>): string | null => {
    let oldest: string | null = null;
    let oldestAtMs = Number.POSITIVE_INFINITY;
    for (const cwd of cwds) {
      const lookedAtMs = known.get(cwd)?.lookedAtMs ?? Number.NEGATIVE_INFINITY;
      if (oldest === null || lookedAtMs < oldestAtMs) [oldest, oldestAtMs] = [cwd, lookedAtMs];
    }
    return oldest;
  };

  return {
    turn: (cwds, { atMs, monoMs }) => {
      if (underWay !== null || monoMs - lastLookMs < lookEveryMs) return;
      for (const cwd of known.keys()) if (!cwds.has(cwd)) known.delete(cwd);
      const cwd = nextOf(cwds);
      if (cwd === null) return;
      const entry = known.get(cwd) ?? {
        progress: createFileProgress(cwd, exclude),
        lookedAtMs: Number.NEGATIVE_INFINITY,
      };
      if (monoMs - entry.lookedAtMs < sameEveryMs) return;
      known.set(cwd, entry);
      entry.lookedAtMs = monoMs;
      lastLookMs = monoMs;
      underWay = entry.progress
        .look(atMs)
        .then((marks) => tell(cwd, marks))
        .finally(() => {
          underWay = null;
        });
    },
    settled: async () => {
      await underWay;
    },
  };
};
