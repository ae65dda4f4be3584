import { createEpisode } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

const windowMs = 60_000;
// A client with backoff makes about six tries a minute. Ten without one answer is a client without; twenty is a storm.
const warnAt = 10;
const actAt = 20;
const kept = 256;

/** Model requests fail and fail, and none is answered in between. */
export const createRetryStorm = (): AgentWatcher & {
  errors(nowMs: number): number;
  answers(nowMs: number): number;
} => {
  const episode = createEpisode({
    detector: 'retry-storm',
    masked: ['numbers', 'times'],
    progressLookedFor: ['an answered request'],
  });
  let failures: number[] = [];
  let unanswered: number[] = [];
  let answers: number[] = [];

  const recent = (times: readonly number[], nowMs: number): number[] => times.filter((atMs) => atMs > nowMs - windowMs);

  return {
    event: (event, atLine) => {
      if (event.kind === 'tokens-used' || event.kind === 'said') {
        if (answers.at(-1) !== event.atMs) answers = [...recent(answers, event.atMs), event.atMs].slice(-kept);
        unanswered = [];
        episode.lose(event.atMs);
      }
      if (event.kind !== 'request-failed') return;
      failures = [...recent(failures, event.atMs), event.atMs].slice(-kept);
      unanswered = [...recent(unanswered, event.atMs), event.atMs].slice(-kept);
      const since = unanswered.length;
      if (since < warnAt) return;
      const summary = `${since} model requests failed within a minute and none was answered`;
      episode.see({
        hard: false,
        level: since >= actAt ? 'act' : 'warn',
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
    finding: episode.finding,
    errors: (nowMs) => recent(failures, nowMs).length,
    answers: (nowMs) => recent(answers, nowMs).length,
    bytes: () => 600 + (failures.length + answers.length) * 8,
  };
};
