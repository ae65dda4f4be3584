import type { AgentEvent } from '#protocol/agent-events';
import { childrenOf, type FindChildren } from './agent-stream/child-transcripts.ts';
import { type FollowedFile, followFile } from './followed-file.ts';
import type { AgentTap } from './taps.ts';

/** Where `--transcript` is kept with a run: the path of the file that an agent writes beside its screen, or `auto` to look for it. */
export const transcriptLabel = 'flowforge.transcript';
export const searchedTranscript = 'auto';

/** The transcript of an agent and those of its sub-agents, followed beside its output. */
export interface TranscriptTail {
  /** Reads one buffer of what came since from each file; the number of bytes. */
  read(buffer: Buffer, atMs: number): number;
  take(): readonly AgentEvent[];
  flush(atMs: number): void;
  /** From the first byte on again. */
  restart(): void;
  close(): void;
}

interface Strand {
  readonly file: FollowedFile;
  readonly tap: AgentTap;
}

const lookEveryMs = 2_000;
// An explosion of sub-agents is told long before; each file costs a descriptor and a tap.
const mostChildren = 200;

/** A conversation that was taken up again began before this run: only what is dated since its start is this run's. */
export const createTranscriptTail = (
  path: string,
  { startedAtMs, createTap }: { readonly startedAtMs: number; readonly createTap: () => AgentTap },
): TranscriptTail => {
  // What is truncated is read from its beginning again; the agent's own file is not ours to report on.
  const open = (file: string): Strand => ({
    file: followFile(file, { startAt: 0, onGap: () => undefined }),
    tap: createTap(),
  });
  const findChildren: FindChildren = childrenOf(path);
  let own = open(path);
  const children = new Map<string, Strand>();
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  const lookForChildren = (atMs: number): void => {
    if (atMs - lookedAtMs < lookEveryMs) return;
    lookedAtMs = atMs;
    for (const file of findChildren())
      if (!children.has(file) && children.size < mostChildren) children.set(file, open(file));
  };
  const strands = (): readonly Strand[] => [own, ...children.values()];
  const close = (): void => {
    for (const { file } of strands()) file.close();
  };

  return {
    read: (buffer, atMs) => {
      lookForChildren(atMs);
      return strands().reduce((total, { file, tap }) => {
        const length = file.read(buffer);
        if (length > 0) tap.feed('stdout', buffer.subarray(0, length), atMs);
        return total + length;
      }, 0);
    },
    take: () => {
      // A sub-agent's file has a header of its own, which begins no new session.
      const ofChildren = [...children.values()].flatMap(({ tap }) =>
        tap.take().filter(({ kind }) => kind !== 'session-started'),
      );
      return [...own.tap.take(), ...ofChildren].filter((event) => event.atMs >= startedAtMs);
    },
    flush: (atMs) => {
      for (const { tap } of strands()) tap.flush(atMs);
    },
    restart: () => {
      close();
      own = open(path);
      children.clear();
      lookedAtMs = Number.NEGATIVE_INFINITY;
    },
    close,
  };
};
