import { Episode, type EpisodeKind, lookedForInAgents, maskedInAgents } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

// A second try is reasonable, a third is hope; the fourth failure of the very same call will not be the last.
const warnAt = 3;
const actAt = 4;

const kind: EpisodeKind = {
  detector: 'failing-call',
  masked: maskedInAgents,
  progressLookedFor: lookedForInAgents,
};

/** The very same call, failing every time; the text of the error may differ. */
export const createFailingCall = (): AgentWatcher => {
  const episode = new Episode(kind);
  let callHash: number | null = null;
  let count = 0;

  return {
    step: (step) => {
      if (step.waits !== false || !step.isSeen) return;
      count = !step.failed ? 0 : step.callHash === callHash ? count + 1 : 1;
      callHash = step.callHash;
      if (count < warnAt) return episode.lose(step.atMs);
      const { atLine, atMs, tool, samples } = step;
      const summary = `${tool} failed ${count} times in a row with the same arguments`;
      episode.see({
        hard: true,
        level: count >= actAt ? 'act' : 'warn',
        atLine,
        atMs,
        count,
        period: 1,
        summary,
        unit: 'calls',
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
