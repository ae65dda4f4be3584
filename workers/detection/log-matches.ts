import type { CompiledPolicy } from '#policy/compiled-policy';
import { formatDuration } from '#policy/duration';
import type { LogMatch } from '#policy/log-match';
import { LogWindow } from '#policy/log-window';
import type { Finding } from '#protocol/judgement';
import type { LineMatches } from '#protocol/observations';
import type { Reading } from './reading.ts';

interface Seen {
  readonly window: LogWindow;
  sample: string;
}

/** Of a policy that is changed over and over: the patterns that were counted longest ago are forgotten. */
const mostPatterns = 200;

/**
 * When lines came that fit a pattern of the policy. Kept by pattern, whoever asks for it: sampling may count by a new policy
 * before it judges here, and a pattern that stays keeps its window.
 */
export class LogMatches {
  readonly #seen = new Map<string, Seen>();

  observe(matches: readonly LineMatches[]): void {
    for (const { pattern, times, sample } of matches) {
      const seen = this.#seen.get(pattern) ?? { window: new LogWindow(), sample };
      this.#seen.delete(pattern);
      this.#seen.set(pattern, seen);
      for (const { atMs, count } of times) seen.window.add(atMs, count);
      seen.sample = sample;
    }
    for (const pattern of this.#seen.keys()) {
      if (this.#seen.size <= mostPatterns) return;
      this.#seen.delete(pattern);
    }
  }

  /** One for each rule that counts lines, so that it is shown those of its own pattern. */
  readings({ rules }: CompiledPolicy, nowMs: number): readonly Reading[] {
    return rules.flatMap(({ logMatch: match }) => {
      if (match === null) return [];
      const seen = this.#seen.get(match.pattern);
      const found = seen?.window.since(nowMs - match.withinMs) ?? null;
      const findings =
        seen === undefined || found === null || found.count < match.count
          ? []
          : [findingOf(match, { ...found, sample: seen.sample })];
      return [{ signals: { [match.signal]: found?.count ?? 0 }, findings }];
    });
  }
}

const findingOf = (
  { pattern, withinMs }: LogMatch,
  found: { readonly count: number; readonly firstAtMs: number; readonly lastAtMs: number; readonly sample: string },
): Finding => {
  const { count, firstAtMs, lastAtMs, sample } = found;
  return {
    detector: 'log-match',
    level: 'act',
    atLine: null,
    atMs: lastAtMs,
    count,
    period: null,
    hard: true,
    evidence: {
      summary: `${count} lines like ${pattern} within ${formatDuration(withinMs)}`,
      samples: [sample],
      unit: 'lines',
      period: null,
      count,
      firstAtMs,
      lastAtMs,
      masked: [],
      progressLookedFor: [],
    },
  };
};
