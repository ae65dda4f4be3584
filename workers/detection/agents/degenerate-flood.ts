import { Episode, type EpisodeKind } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

const kind: EpisodeKind = {
  detector: 'degenerate-text',
  masked: [],
  progressLookedFor: ['text outside the repeated unit', 'a code fence (which asks for four times as much)'],
};

/** The model's own text has become periodic. A flood costs money by the second, so its upper level is a hard sign. */
export const createDegenerateFlood = (): AgentWatcher => {
  const episode = new Episode(kind);

  return {
    event: (event, atLine) => {
      if (event.kind === 'text-degenerated') {
        const { level, unitChars, repeats, atMs, sample } = event;
        const summary = `the model repeats ${unitChars} characters, ${repeats} times so far`;
        episode.see({
          hard: true,
          level,
          atLine,
          atMs,
          count: repeats,
          period: unitChars,
          summary,
          unit: 'characters',
          samples: [sample],
        });
      }
      if (event.kind === 'said' || event.kind === 'tool-called' || event.kind === 'turn-ended')
        episode.lose(event.atMs);
    },
    reset: (atMs) => episode.lose(atMs),
    finding: (nowMs) => episode.finding(nowMs),
    bytes: () => 600,
  };
};
