import type { AgentEvent } from '#protocol/agent-events';
import { Episode, type EpisodeKind, maskedInAgents } from './episode.ts';
import { Periods } from './periods.ts';
import { mixHash } from './step.ts';
import type { AgentWatcher } from './watcher.ts';

// A controller may go through two or three prompts in turn.
const longestPeriod = 3;
// One session more to look whether something came in is reasonable, and so are a few; the fifth that does and says the
// same as all before will not be the last. What it costs is known to the budgets, so this never asks for more than a look.
const observeCycles = 3;
const warnCycles = 5;
// What starts the next session a minute after the last has ended is a timetable, not a loop.
const longestGapMs = 60_000;
// Changes under way at one time.
const keptCalls = 64;

const kind: EpisodeKind = {
  detector: 'repeated-session',
  masked: maskedInAgents,
  progressLookedFor: ['another call', 'another result', 'another message', 'a change to the workspace'],
};

/** Session after session is started, and each asks and answers what the one before did. */
export const createRepeatedSession = (): AgentWatcher => {
  const episode = new Episode(kind);
  const digests = new Periods(longestPeriod);
  const mutating = new Set<string>();
  let digest = 0;
  let isTelling = false;
  let hasChanged = false;
  let lastAtMs: number | null = null;
  let sample = '';

  const begin = (): void => {
    digest = 0;
    isTelling = false;
    hasChanged = false;
    mutating.clear();
  };
  const judge = (atMs: number, atLine: number): void => {
    const best = digests.best();
    if (best === null || best.cycles < observeCycles) {
      episode.lose(atMs);
      return;
    }
    const { period, cycles } = best;
    const what = period === 1 ? `${cycles} sessions` : `${cycles} times ${period} sessions`;
    episode.see({
      hard: false,
      level: cycles >= warnCycles ? 'warn' : 'observe',
      atLine,
      atMs,
      count: cycles,
      period,
      summary: `${what} in a row asked and answered the same, and changed nothing`,
      unit: 'sessions',
      samples: [sample],
    });
  };
  const close = (atMs: number, atLine: number): void => {
    // A session that said nothing and saw no result is no evidence, for or against.
    if (isTelling && (hasChanged || (lastAtMs !== null && atMs - lastAtMs > longestGapMs))) digests.reset();
    if (isTelling && !hasChanged) {
      digests.push(digest);
      judge(atMs, atLine);
    }
    if (hasChanged) episode.lose(atMs);
    begin();
  };
  const tell = (hash: number, said: string): void => {
    digest = mixHash(digest, hash);
    isTelling = true;
    sample = said;
  };
  const fold = (event: AgentEvent): void => {
    switch (event.kind) {
      case 'tool-called':
        digest = mixHash(digest, event.callHash);
        if (event.mutates && mutating.size < keptCalls) mutating.add(event.callId);
        return;
      case 'tool-returned':
        if (mutating.delete(event.callId) && event.ok) hasChanged = true;
        tell(event.resultHash, event.sample);
        return;
      case 'said':
        if (!event.thought) tell(event.textHash, event.sample);
        return;
      default:
        return;
    }
  };

  return {
    event: (event, atLine) => {
      if (event.kind === 'session-started') close(event.atMs, atLine);
      else fold(event);
      lastAtMs = event.atMs;
    },
    reset: () => undefined,
    finding: (nowMs) => episode.finding(nowMs),
    bytes: () => 700 + mutating.size * 60,
  };
};
