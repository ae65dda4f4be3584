import type { ProgressMark } from '#protocol/observations';
import type { Redactor } from '#redaction/redact';

const rememberedCommands = 64;

/** Programs that end one after the other are steps of a job; the same ones over and over are a respawn loop. */
export const createChildExits = (
  redact: Redactor,
): ((ended: readonly string[], atMs: number) => readonly ProgressMark[]) => {
  const seen = new Set<string>();
  return (ended, atMs) =>
    [...new Set(ended)].flatMap((command) => {
      if (seen.has(command)) return [];
      seen.add(command);
      const [oldest] = seen;
      if (seen.size > rememberedCommands && oldest !== undefined) seen.delete(oldest);
      return [{ atMs, source: 'child-exit' as const, sharePct: null, detail: redact.text(`${command} ended`) }];
    });
};
