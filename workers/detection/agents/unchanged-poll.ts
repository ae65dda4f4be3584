import { Episode, type EpisodeKind, maskedInAgents } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

// Asking how a build is doing is waiting, not repetition, as long as the answer moves. Twenty times the same answer is
// what others block at; a silent process may still be at work, so this stays a soft sign.
const observeAt = 10;
const warnAt = 15;
const actAt = 20;

const kind: EpisodeKind = {
  detector: 'unchanged-poll',
  masked: maskedInAgents,
  progressLookedFor: ['a changed answer', 'another call', 'a word from the user'],
};

/** Asks for the state of something that runs elsewhere and is told the same each time. */
export const createUnchangedPoll = (): AgentWatcher => {
  const episode = new Episode(kind);
  let callHash: number | null = null;
  let resultHash: number | null = null;
  let count = 0;

  return {
    step: (step) => {
      if (step.waits === 'sleep') return;
      const result = step.calls[0]?.resultHash ?? null;
      const isSame = step.waits === 'poll' && step.callHash === callHash && result === resultHash;
      count = isSame ? count + 1 : step.waits === 'poll' ? 1 : 0;
      callHash = step.callHash;
      resultHash = result;
      if (count < observeAt) return episode.lose(step.atMs);
      const level = count >= actAt ? 'act' : count >= warnAt ? 'warn' : 'observe';
      const { atLine, atMs, tool, samples } = step;
      episode.see({
        hard: false,
        level,
        atLine,
        atMs,
        count,
        period: 1,
        summary: `${tool} asked ${count} times and was told the same`,
        unit: 'polls',
        samples,
      });
    },
    reset: (atMs) => {
      count = 0;
      episode.lose(atMs);
    },
    finding: (nowMs) => episode.finding(nowMs),
    bytes: () => 500,
  };
};
