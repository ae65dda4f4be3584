import { createEpisode } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

/** The model's own text has become periodic. A flood costs money by the second, so its upper level is a hard sign. */
export const createDegenerateFlood = (): AgentWatcher => {
  const episode = createEpisode({
    detector: 'degenerate-text',
    masked: [],
    progressLookedFor: ['text outside the repeated unit', 'a code fence (which asks for four times as much)'],
  });

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
    reset: episode.lose,
    finding: episode.finding,
    bytes: () => 600,
  };
};
