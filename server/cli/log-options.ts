import { CliProblem, usageExitCode } from '#cli/problem';
import { parseDurationMs } from '#policy/duration';
import { compilePattern, type LinearPattern } from '#policy/linear-pattern';

/** @param text a duration ago (`10m`), a time of today (`14:30`) or a date with or without a time. @throws CliProblem */
export const parseSince = (text: string, nowMs: number): number => {
  const agoMs = parseDurationMs(text);
  if (agoMs !== null) return nowMs - agoMs;
  const [, hours, minutes, seconds] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text) ?? [];
  const atMs =
    hours === undefined
      ? timeOf(text)
      : new Date(nowMs).setHours(Number(hours), Number(minutes), Number(seconds ?? 0), 0);
  if (Number.isNaN(atMs) || Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59 || Number(seconds ?? 0) > 59)
    throw new CliProblem(
      `--since: expected how long ago (10m, 1h30m), a time of today (14:30) or a date (2026-01-31T14:30), got ${JSON.stringify(text)}`,
      { hint: 'flowforge logs RUN --since 10m', exitCode: usageExitCode },
    );
  return atMs;
};

const timeOf = (text: string): number =>
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?$/.test(text)
    ? Date.parse(/^.{10}$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T'))
    : Number.NaN;

/** In the syntax of RE2, searched for in time linear in the line; `(?i)` ignores case. @throws CliProblem */
export const parseGrep = (text: string): LinearPattern => {
  const result = compilePattern(text);
  if (result.kind === 'compiled') return result.pattern;
  throw new CliProblem(`--grep ${JSON.stringify(text)}: ${result.message}`, {
    hint: "flowforge logs RUN --grep 'error|warning'",
    exitCode: usageExitCode,
  });
};
