import type { AgentEvent } from '#protocol/agent-events';
import { Episode, type EpisodeKind } from './episode.ts';
import { Periods } from './periods.ts';
import type { AgentWatcher } from './watcher.ts';

type Said = Extract<AgentEvent, { kind: 'said' }>;

// An agent that answers a hook or another agent may alternate between a few messages.
const longestPeriod = 4;
// Three messages that differ in a number at most are a mannerism; five that are equal will not be followed by a new one.
const warnCycles = 3;
const actCycles = 5;

const kind: EpisodeKind = {
  detector: 'repeated-text',
  masked: ['times', 'durations', 'ids', 'numbers (for a warning)'],
  progressLookedFor: ['a tool call', 'a result', 'another message'],
};

/** The same message or thought again, with nothing done in between. */
export const createRepeatedText = (): AgentWatcher => {
  const episode = new Episode(kind);
  const texts = new Periods(longestPeriod);
  const shapes = new Periods(longestPeriod);

  const hear = (said: Said, atLine: number) => {
    texts.push(said.textHash);
    shapes.push(said.shapeHash);
    const shape = shapes.best();
    if (shape === null || shape.cycles < warnCycles) return episode.lose(said.atMs);
    const text = texts.best();
    const isEqual = text !== null && text.cycles >= actCycles;
    const { period, cycles } = isEqual ? text : shape;
    const what = said.thought ? 'thought' : 'message';
    const summary =
      period === 1
        ? `the same ${what} came ${cycles} times, with nothing done in between`
        : `${period} messages came around ${cycles} times, with nothing done in between`;
    episode.see({
      hard: false,
      level: isEqual ? 'act' : 'warn',
      atLine,
      atMs: said.atMs,
      count: cycles,
      period,
      summary,
      unit: 'messages',
      samples: [said.sample],
    });
  };
  const forgetTexts = (): void => {
    texts.reset();
    shapes.reset();
  };
  const forget = (atMs: number): void => {
    forgetTexts();
    episode.lose(atMs);
  };

  return {
    event: (event, atLine) => {
      if (event.kind === 'said') hear(event, atLine);
      if (event.kind === 'tool-called' || event.kind === 'tool-returned') forget(event.atMs);
    },
    reset: forget,
    forgetUnseen: forgetTexts,
    finding: (nowMs) => episode.finding(nowMs),
    bytes: () => 700,
  };
};
