import { Episode, type EpisodeKind } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

// Hard problems have been thought over for 20k tokens; one report is of 72.9k tokens in 21 minutes that led nowhere.
const warnTokens = 30_000;
const warnMs = 300_000;
const actTokens = 60_000;
const actMs = 600_000;
const charsPerToken = 4;

const kind: EpisodeKind = {
  detector: 'endless-thinking',
  masked: [],
  progressLookedFor: ['a tool call', 'a message'],
};

/** Thoughts and tokens, but neither a call nor a word. */
export const createEndlessThinking = (): AgentWatcher => {
  const episode = new Episode(kind);
  let sinceMs: number | null = null;
  let thoughtChars = 0;
  let outputTokens = 0;
  let usageId: string | null = null;
  let usageOutput = 0;

  const produce = (atMs: number): void => {
    sinceMs = null;
    thoughtChars = 0;
    outputTokens = 0;
    episode.lose(atMs);
  };
  const judge = (atMs: number, atLine: number, sample: string): void => {
    sinceMs ??= atMs;
    const tokens = Math.round(Math.max(outputTokens, thoughtChars / charsPerToken));
    const lastedMs = atMs - sinceMs;
    if (tokens < warnTokens || lastedMs < warnMs) return;
    const level = tokens >= actTokens && lastedMs >= actMs ? 'act' : 'warn';
    const summary = `${tokens} tokens in ${Math.round(lastedMs / 60_000)} minutes without a call or a message`;
    episode.see({
      hard: false,
      level,
      atLine,
      atMs,
      count: tokens,
      period: null,
      summary,
      unit: 'tokens',
      samples: [sample],
    });
  };

  return {
    event: (event, atLine) => {
      switch (event.kind) {
        case 'tool-called':
        case 'user-spoke':
          return produce(event.atMs);
        case 'said':
          if (!event.thought) return produce(event.atMs);
          thoughtChars += event.chars;
          return judge(event.atMs, atLine, event.sample);
        case 'tokens-used':
          // One message reports its tokens more than once, each time no fewer.
          outputTokens +=
            event.usageId === usageId ? Math.max(0, event.usage.output - usageOutput) : event.usage.output;
          usageId = event.usageId;
          usageOutput = event.usage.output;
          return judge(event.atMs, atLine, '');
        default:
          return;
      }
    },
    reset: produce,
    finding: (nowMs) => episode.finding(nowMs),
    bytes: () => 600,
  };
};
