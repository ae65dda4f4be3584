import type { SignalVector } from '#protocol/signals';
import { parseDurationMs } from './duration.ts';
import type { ToolEvents } from './policy-test-schema.ts';

interface Call {
  readonly atMs: number;
  readonly name: string;
  readonly key: string;
  readonly failed: boolean;
}

/** What the tool signals would show at a moment, for tests that tell a story of calls: equal calls with equal results in a row. */
export const createToolStory = (events: readonly ToolEvents[]): ((nowMs: number) => SignalVector) => {
  const calls = events.flatMap(callsOf).sort((a, b) => a.atMs - b.atMs);
  return (nowMs) => {
    const made = calls.filter((call) => call.atMs <= nowMs);
    const last = made.at(-1);
    if (last === undefined) return {};
    const repeats = trailing(made, (call) => call.key === last.key);
    const errors = trailing(made, (call) => call.failed);
    return {
      'agent.state': 'tool',
      'tools.name': last.name,
      'tools.calls': made.length,
      'tools.repeats': repeats,
      'tools.error_streak': errors,
      'tools.loop_level': repeats >= 5 || errors >= 8 ? 3 : repeats >= 3 || errors >= 5 ? 2 : 0,
    };
  };
};

const callsOf = ({ every, times, start, tool }: ToolEvents): readonly Call[] =>
  Array.from({ length: times }, (_, index) => ({
    atMs: (parseDurationMs(start ?? '0s') ?? 0) + index * (parseDurationMs(every) ?? 0),
    name: tool.name,
    key: JSON.stringify([tool.name, numbered(tool.args, index), numbered(tool.result, index)]),
    failed: tool.error === true,
  }));

const numbered = (text: string, call: number): string => text.replaceAll('$i', String(call));

const trailing = (calls: readonly Call[], fits: (call: Call) => boolean): number => {
  const stranger = calls.findLastIndex((call) => !fits(call));
  return calls.length - 1 - stranger;
};
