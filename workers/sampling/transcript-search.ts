import type { WatchedRun } from '#protocol/messages';
import { findTranscript, type TranscriptHomes } from './agent-stream/transcript.ts';

/** A run whose transcript may not be known yet. */
export interface TranscriptSeeker {
  readonly run: WatchedRun;
  readonly seeksTranscript: boolean;
  takeTranscript(path: string): void;
}

/** Looks for the transcripts of runs, one look at a time; two runs of one directory never get the same file. */
export interface TranscriptSearch {
  /** Starts the next look if it is time for one; never waits. */
  turn(runs: Iterable<TranscriptSeeker>, monoMs: number): void;
  /** The run that had this file is over: another may take it up. */
  release(path: string): void;
  settled(): Promise<void>;
}

const lookEveryMs = 1000;

/** @param homesOf where the agents of a run keep their transcripts. */
export const createTranscriptSearch = (homesOf: (run: WatchedRun) => TranscriptHomes): TranscriptSearch => {
  const taken = new Set<string>();
  let underWay: Promise<void> | null = null;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let turns = 0;

  const look = async (seeker: TranscriptSeeker): Promise<void> => {
    const { run } = seeker;
    const path = await findTranscript(run.cwd, {
      homes: homesOf(run),
      sinceMs: run.startedAtMs,
      isTaken: (file) => taken.has(file),
    });
    if (path === null) return;
    taken.add(path);
    seeker.takeTranscript(path);
  };

  return {
    turn: (runs, monoMs) => {
      if (underWay !== null || monoMs - lookedAtMs < lookEveryMs) return;
      const seekers = [...runs].filter((one) => one.seeksTranscript);
      const next = seekers[turns++ % seekers.length];
      if (next === undefined) return;
      lookedAtMs = monoMs;
      underWay = look(next).finally(() => {
        underWay = null;
      });
    },
    release: (path) => taken.delete(path),
    settled: async () => {
      await underWay;
    },
  };
};
