import type { Finding } from '#protocol/judgement';
import type { AgentWatcher } from './watcher.ts';

// A process has a minute to go home after its last word; three times that, and it will not go by itself.
const warnMs = 60_000;
const actMs = 180_000;

/** The agent said that it is done (or that it failed) and its process stays. Asked, not told: it needs the time. */
export const createNotExiting = (): AgentWatcher => {
  let said: { readonly atMs: number; readonly atLine: number; readonly ok: boolean; readonly sample: string } | null =
    null;

  const findingAt = (nowMs: number): Finding | null => {
    if (said === null || nowMs - said.atMs < warnMs) return null;
    const level = nowMs - said.atMs >= actMs ? 'act' : 'warn';
    const afterMs = level === 'act' ? actMs : warnMs;
    return {
      detector: 'not-exiting',
      level,
      atLine: said.atLine,
      atMs: said.atMs + afterMs,
      count: null,
      period: null,
      hard: false,
      evidence: {
        summary: `the agent ${said.ok ? 'finished' : 'failed'} and has not exited for ${afterMs / 1_000} s`,
        samples: said.sample === '' ? [] : [said.sample],
        unit: 'seconds',
        period: null,
        count: null,
        firstAtMs: said.atMs,
        lastAtMs: nowMs,
        masked: [],
        progressLookedFor: ['anything said after the end'],
      },
    };
  };

  return {
    event: (event, atLine) => {
      if (event.kind === 'finished') said = { atMs: event.atMs, atLine, ok: event.ok, sample: event.sample };
      else if (event.kind !== 'cost-reported' && event.kind !== 'tokens-used' && event.kind !== 'turn-ended')
        said = null;
    },
    reset: () => undefined,
    finding: findingAt,
    bytes: () => 300,
  };
};
