import type { SignalVector } from '#protocol/signals';
import type { CompiledPolicy } from './compiled-policy.ts';
import { parseDurationMs } from './duration.ts';
import { mustCompilePattern } from './log-match.ts';
import { LogWindow } from './log-window.ts';
import type { LineEvents } from './policy-test-schema.ts';

/** What the rules that count lines would show at a moment, for tests that tell what the job prints. Moments come in order. */
export const createLineStory = (
  { rules }: CompiledPolicy,
  events: readonly LineEvents[],
): ((nowMs: number) => SignalVector) => {
  const lines = events.flatMap(linesOf).sort((a, b) => a.atMs - b.atMs);
  const counted = rules.flatMap(({ logMatch }) => {
    if (logMatch === null) return [];
    const pattern = mustCompilePattern(logMatch.pattern);
    const times = lines.filter(({ text }) => pattern.test(text)).map(({ atMs }) => atMs);
    return [{ ...logMatch, times, window: new LogWindow() }];
  });
  return (nowMs) =>
    Object.fromEntries(
      counted.map(({ signal, withinMs, times, window }) => {
        while ((times[0] ?? Number.POSITIVE_INFINITY) <= nowMs) window.add(times.shift() ?? 0, 1);
        return [signal, window.since(nowMs - withinMs)?.count ?? 0];
      }),
    );
};

const linesOf = ({ every, times, start, text }: LineEvents) =>
  Array.from({ length: times }, (_, index) => ({
    atMs: (parseDurationMs(start ?? '0s') ?? 0) + index * (parseDurationMs(every) ?? 0),
    text: text.replaceAll('$i', String(index)),
  }));
