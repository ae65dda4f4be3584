import { Episode, type EpisodeKind } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

// One compaction makes room; three without a call in between have made none, five burn a context each.
const warnAt = 3;
const actAt = 5;
const windowMs = 600_000;

const kind: EpisodeKind = {
  detector: 'compaction-loop',
  masked: [],
  progressLookedFor: ['a tool call between two compactions'],
};

/** The context is compacted again and again with nothing done in between. */
export const createCompactionLoop = (): AgentWatcher & { lastTenMinutes(nowMs: number): number } => {
  const episode = new Episode(kind);
  let count = 0;
  let times: number[] = [];

  return {
    event: (event, atLine) => {
      if (event.kind === 'tool-called') {
        count = 0;
        episode.lose(event.atMs);
      }
      if (event.kind !== 'context-compacted') return;
      count++;
      times = [...times.filter((atMs) => atMs > event.atMs - windowMs), event.atMs].slice(-64);
      if (count < warnAt) return;
      const summary = `the context was compacted ${count} times with nothing done in between`;
      episode.see({
        hard: false,
        level: count >= actAt ? 'act' : 'warn',
        atLine,
        atMs: event.atMs,
        count,
        period: 1,
        summary,
        unit: 'compactions',
        samples: [],
      });
    },
    reset: (atMs) => {
      count = 0;
      episode.lose(atMs);
    },
    finding: (nowMs) => episode.finding(nowMs),
    lastTenMinutes: (nowMs) => times.filter((atMs) => atMs > nowMs - windowMs).length,
    bytes: () => 500 + times.length * 8,
  };
};
