import type { TickRow } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import type { LiveRow } from '#protocol/messages';
import type { SignalName } from '#protocol/signals';

/** Newest lines are the one large thing that changes all the time: so many rows a frame are sent for their sake alone. */
const linesPerFrame = 10;

/** Which rows are worth sending: those whose numbers differ by what a person can see. */
export interface ChangedRows {
  folded(runId: RunId): void;
  seen(before: LiveRow | null, now: LiveRow): void;
  forget(runId: string): void;
  take(): { readonly rows: readonly RunId[]; readonly ticks: readonly TickRow[] };
}

export const createChangedRows = (): ChangedRows => {
  const rows = new Set<RunId>();
  const lines = new Map<string, RunId>();
  const ticks = new Map<string, TickRow>();
  const sent = new Map<string, TickRow>();
  return {
    folded: (runId) => {
      rows.add(runId);
    },
    seen: (before, now) => {
      if (before === null || rulesOf(before) !== rulesOf(now) || moodOf(before) !== moodOf(now)) rows.add(now.runId);
      else if (before.lastLine !== now.lastLine) lines.set(now.runId, now.runId);
      const tick = tickOf(now);
      if (isWorthSending(sent.get(now.runId), tick)) ticks.set(now.runId, tick);
      else ticks.delete(now.runId);
    },
    forget: (runId) => {
      for (const kept of [lines, ticks, sent]) kept.delete(runId);
    },
    take: () => {
      for (const [key, runId] of [...lines].slice(0, linesPerFrame)) {
        lines.delete(key);
        rows.add(runId);
      }
      for (const [runId, tick] of ticks) sent.set(runId, tick);
      const taken = { rows: [...rows], ticks: [...ticks.values()] };
      rows.clear();
      ticks.clear();
      return taken;
    },
  };
};

const rulesOf = (row: LiveRow): string => row.rules.map(({ rule, state }) => `${rule} ${state}`).join();

/** What the word for its activity is made from. */
const moodOf = ({ signals }: LiveRow): string =>
  `${signals['agent.state']} ${Number(signals['stall.level'] ?? 0) >= 2}`;

const tickOf = (row: LiveRow): TickRow => [
  row.runId,
  rounded(row, 'cpu.pct', 1),
  rounded(row, 'mem.rss', 65_536),
  rounded(row, 'procs.count', 1),
  rounded(row, 'progress.age', 1),
  rounded(row, 'output.line_rate', 1),
  rounded(row, 'cost.usd', 0.0001),
];

const rounded = (row: LiveRow, name: SignalName, step: number): number | null => {
  const value = row.signals[name];
  return typeof value === 'number' ? Number((Math.round(value / step) * step).toFixed(4)) : null;
};

// An age grows by itself, and a page can count on: only its fall, which is progress, is news.
const isWorthSending = (before: TickRow | undefined, now: TickRow): boolean => {
  if (before === undefined) return true;
  const [, , , , ageBefore] = before;
  const [, , , , age] = now;
  if ((ageBefore === null) !== (age === null) || (age ?? 0) < (ageBefore ?? 0)) return true;
  return before.some((value, at) => at !== 4 && value !== now[at]);
};
