import type { FindingLevel } from '#protocol/judgement';
import { Episode, type EpisodeKind, lookedForInAgents, maskedInAgents } from './episode.ts';
import { Periods } from './periods.ts';
import type { Step } from './step.ts';
import type { AgentWatcher } from './watcher.ts';

// Plans of up to 12 steps have been seen to repeat as a whole; beyond that an interleaved repeat catches the parts.
const longestPeriod = 12;

interface Ladder {
  readonly warn: number;
  readonly act: number;
}
// The same call with the same result: three is a habit, five is a loop (peers stop at 3 to 5; we act at their top).
const sameResult: Ladder = { warn: 3, act: 5 };
// The result prints an error each time: nothing was won by trying once more.
const sameError: Ladder = { warn: 3, act: 4 };
// A success without output says little, and waiting looks like it: twice the patience.
const emptyResult: Ladder = { warn: 5, act: 8 };
// Results not seen: the evidence is half, so one more is asked for. Where rounds are marked the model did look.
const unseenResult: Ladder = { warn: 4, act: 6 };
const unseenRound: Ladder = { warn: 3, act: 6 };
// A whole cycle (A-B, read-edit-test) is stronger evidence than one call: it was all done again.
const wholeCycle: Ladder = { warn: 3, act: 4 };

const kind: EpisodeKind = {
  detector: 'tool-cycle',
  masked: maskedInAgents,
  progressLookedFor: lookedForInAgents,
};

/** The same calls with the same results, over and over, with a period of up to 12 steps. */
export const createToolCycle = (): AgentWatcher & { repeats(): number } => {
  const episode = new Episode(kind);
  const periods = new Periods(longestPeriod);
  let repeats = 0;
  let callHash: number | null = null;
  let sameCalls = 0;

  const judge = (step: Step) => {
    const best = periods.best();
    repeats = best?.period === 1 ? best.cycles : 0;
    // One call whose answers swing between a few is told something new each time: that is watching, not a cycle.
    if (best === null || (best.period > 1 && sameCalls >= best.period)) return episode.lose(step.atMs);
    const level = levelOf(best.cycles, ladderOf(step, best.period));
    if (level === null) return;
    const { atLine, atMs, tool, samples } = step;
    const what =
      best.period === 1
        ? `${tool} was called ${best.cycles} times`
        : `${best.period} calls came around ${best.cycles} times`;
    const results = step.isSeen
      ? 'with the same arguments and the same results'
      : 'with the same arguments (results not seen)';
    episode.see({
      hard: step.isSeen,
      level,
      atLine,
      atMs,
      count: best.cycles,
      period: best.period,
      summary: `${what} ${results}`,
      unit: 'calls',
      samples,
    });
  };

  return {
    step: (step) => {
      // A wait is neither repetition nor the end of one.
      if (step.waits !== false) return;
      periods.push(step.token);
      sameCalls = step.callHash === callHash ? sameCalls + 1 : 1;
      callHash = step.callHash;
      judge(step);
    },
    reset: (atMs) => {
      periods.reset();
      repeats = 0;
      episode.lose(atMs);
    },
    forgetUnseen: () => periods.reset(),
    finding: (nowMs) => episode.finding(nowMs),
    repeats: () => repeats,
    bytes: () => 600,
  };
};

const ladderOf = (step: Step, period: number): Ladder => {
  if (period > 1) return wholeCycle;
  if (!step.isSeen) return step.isOwnRound ? unseenRound : unseenResult;
  if (step.failed || step.errorHash !== null) return sameError;
  return step.isEmpty ? emptyResult : sameResult;
};

const levelOf = (count: number, ladder: Ladder): FindingLevel | null => {
  if (count >= ladder.act) return 'act';
  if (count >= ladder.warn) return 'warn';
  return count === ladder.warn - 1 && count > 2 ? 'observe' : null;
};
