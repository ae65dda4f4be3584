import { Episode, type EpisodeKind, lookedForInAgents, maskedInAgents } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

// Five different calls with one error (unknown tool, no permission, quota) are not five mistakes. Others wait for 10
// identical calls; here the error alone is the invariant, so the agent has tried eight ways before anybody acts.
const warnAt = 5;
const actAt = 8;

const kind: EpisodeKind = {
  detector: 'same-error',
  masked: maskedInAgents,
  progressLookedFor: lookedForInAgents,
};

/** The same error whatever is called. */
export const createSameError = (): AgentWatcher & { streak(): number } => {
  const episode = new Episode(kind);
  let errorHash: number | null = null;
  let count = 0;
  let failures = 0;

  return {
    step: (step) => {
      if (step.waits !== false || !step.isSeen) return;
      failures = step.failed ? failures + 1 : 0;
      const isSame = step.failed && step.errorHash !== null && step.errorHash === errorHash;
      count = isSame ? count + 1 : step.failed ? 1 : 0;
      errorHash = step.failed ? step.errorHash : null;
      if (count < warnAt) return episode.lose(step.atMs);
      const { atLine, atMs, samples } = step;
      const summary = `${count} calls in a row ended with the same error`;
      episode.see({
        hard: true,
        // A row of names that are not there may be just what was to be found out.
        level: count >= actAt && !step.isAbsence ? 'act' : 'warn',
        atLine,
        atMs,
        count,
        period: 1,
        summary,
        unit: 'errors',
        samples,
      });
    },
    reset: (atMs) => {
      count = 0;
      failures = 0;
      errorHash = null;
      episode.lose(atMs);
    },
    finding: (nowMs) => episode.finding(nowMs),
    streak: () => failures,
    bytes: () => 500,
  };
};
