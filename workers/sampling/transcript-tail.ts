import type { AgentEvent } from '#protocol/agent-events';
import { type FollowedFile, followFile } from './followed-file.ts';
import type { AgentTap } from './taps.ts';

/** Where `--transcript` is kept with a run: the path of the file that an agent writes beside its screen, or `auto` to look for it. */
export const transcriptLabel = 'flowforge.transcript';
export const searchedTranscript = 'auto';

/** The transcript of an agent, followed beside its output. */
export interface TranscriptTail {
  /** Reads one buffer of what came since; the number of bytes. */
  read(buffer: Buffer, atMs: number): number;
  take(): readonly AgentEvent[];
  flush(atMs: number): void;
  /** From the first byte on again. */
  restart(): void;
  close(): void;
}

/** A conversation that was taken up again began before this run: only what is dated since its start is this run's. */
export const createTranscriptTail = (
  path: string,
  { startedAtMs, createTap }: { readonly startedAtMs: number; readonly createTap: () => AgentTap },
): TranscriptTail => {
  // What is truncated is read from its beginning again; the agent's own file is not ours to report on.
  const open = (): FollowedFile => followFile(path, { startAt: 0, onGap: () => undefined });
  let file = open();
  let tap = createTap();
  return {
    read: (buffer, atMs) => {
      const length = file.read(buffer);
      if (length > 0) tap.feed('stdout', buffer.subarray(0, length), atMs);
      return length;
    },
    take: () => tap.take().filter((event) => event.atMs >= startedAtMs),
    flush: (atMs) => tap.flush(atMs),
    restart: () => {
      file.close();
      file = open();
      tap = createTap();
    },
    close: () => file.close(),
  };
};
