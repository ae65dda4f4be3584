import { createHash } from 'node:crypto';
import { type LogSignal, logSignalPrefix } from '#protocol/signals';
import type { Condition } from './condition.ts';
import { formatDuration, parseDurationMs } from './duration.ts';
import { compilePattern, type LinearPattern } from './linear-pattern.ts';
import type { RuleEntry } from './policy-schema.ts';

/** What `detect: { log_match }` asks for. Its signal is how many lines fitted within the window. */
export interface LogMatch {
  readonly pattern: string;
  readonly withinMs: number;
  readonly count: number;
  readonly signal: LogSignal;
}

type LogMatchEntry = NonNullable<NonNullable<RuleEntry['detect']>['log_match']>;

const usual = { count: 1, within: '1m' } as const;

export const logMatchOf = ({ pattern, count = usual.count, within = usual.within }: LogMatchEntry): LogMatch => {
  const withinMs = parseDurationMs(within) ?? 0;
  return { pattern, withinMs, count, signal: signalOf(pattern, withinMs) };
};

/**
 * Named by what was counted, not by the rule: a candidate that counts the same lines over the same time reads what was
 * recorded, whatever its threshold and its name are, and one that counts others finds nothing, which is told as missing.
 */
const signalOf = (pattern: string, withinMs: number): LogSignal =>
  `${logSignalPrefix}${createHash('sha256').update(`${withinMs} ${pattern}`).digest('hex').slice(0, 12)}`;

export const logCondition = ({ pattern, withinMs, count, signal }: LogMatch): Condition => ({
  text: `${signal} >= ${count} // lines like ${JSON.stringify(pattern)} within ${formatDuration(withinMs)}`,
  reads: [signal],
  holds: (vector) => Number(vector[signal] ?? 0) >= count,
});

/** For patterns that the parser has already accepted. */
export const mustCompilePattern = (text: string): LinearPattern => {
  const result = compilePattern(text);
  if (result.kind === 'refused') throw new TypeError(`pattern ${JSON.stringify(text)}: ${result.message}`);
  return result.pattern;
};
