import { Episode, type EpisodeKind } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

const windowMs = 60_000;
// A client with backoff makes about six tries a minute. Ten without one answer is a client without; twenty is a storm.
const warnAt = 10;
const actAt = 20;
// A client that waits seconds between its tries gives up after ten or so. Twenty within ten minutes lead nowhere either,
// but cost little: a warning.
const slowWindowMs = 600_000;
const slowWarnAt = 20;
const kept = 256;

const kind: EpisodeKind = {
  detector: 'retry-storm',
  masked: ['numbers', 'times'],
  progressLookedFor: ['an answered request'],
};

/** Model requests fail and fail, and none is answered in between. */
export const createRetryStorm = (): AgentWatcher & {
  errors(nowMs: number): number;
  answers(nowMs: number): number;
} => {
  const episode = new Episode(kind);
  let failures: number[] = [];
  let unanswered: number[] = [];
  let answers: number[] = [];

  const within = (spanMs: number, times: readonly number[], nowMs: number): number[] =>
    times.filter((atMs) => atMs > nowMs - spanMs);
  const recent = (times: readonly number[], nowMs: number): number[] => within(windowMs, times, nowMs);

  return {
    event: (event, atLine) => {
      if (event.kind === 'tokens-used' || event.kind === 'said') {
        if (answers.at(-1) !== event.atMs) answers = [...recent(answers, event.atMs), event.atMs].slice(-kept);
        unanswered = [];
        episode.lose(event.atMs);
      }
      if (event.kind !== 'request-failed') return;
      failures = [...recent(failures, event.atMs), event.atMs].slice(-kept);
      unanswered = [...within(slowWindowMs, unanswered, event.atMs), event.atMs].slice(-kept);
      const lately = recent(unanswered, event.atMs).length;
      const isFast = lately >= warnAt;
      if (!isFast && unanswered.length < slowWarnAt) return;
      const since = isFast ? lately : unanswered.length;
      const summary = `${since} model requests failed within ${isFast ? 'a minute' : 'ten minutes'} and none was answered`;
      episode.see({
        hard: false,
        level: lately >= actAt ? 'act' : 'warn',
        atLine,
        atMs: event.atMs,
        count: since,
        period: null,
        summary,
        unit: 'requests',
        samples: [event.sample],
      });
    },
    reset: () => undefined,
    finding: (nowMs) => episode.finding(nowMs),
    errors: (nowMs) => recent(failures, nowMs).length,
    answers: (nowMs) => recent(answers, nowMs).length,
    bytes: () => 600 + (failures.length + unanswered.length + answers.length) * 8,
  };
};
