import { createEpisode, lookedForInAgents, maskedInAgents } from './episode.ts';
import type { Step, StepCall } from './step.ts';
import type { AgentWatcher } from './watcher.ts';

// Inside 40 steps a plan is still one plan. The same question with the same answer four times in it is odd, six times
// is a loop with other things in between (between the 6 and the 10 that others use).
const windowSteps = 40;
const warnAt = 4;
const actAt = 6;

interface Asked {
  resultHash: number;
  /** Numbers of the steps at which it came with this result, oldest first. */
  steps: number[];
  lastStep: number;
}

/** The same call with the same result again and again, with other calls in between. */
export const createInterleavedRepeat = (): AgentWatcher & { repeats(): number } => {
  const episode = createEpisode({
    detector: 'interleaved-repeat',
    masked: maskedInAgents,
    progressLookedFor: lookedForInAgents,
  });
  const asked = new Map<number, Asked>();
  let now = 0;
  let repeats = 0;

  const forgetOld = (): void => {
    for (const [callHash, entry] of asked) {
      while ((entry.steps[0] ?? now) <= now - windowSteps) entry.steps.shift();
      if (entry.lastStep <= now - windowSteps) asked.delete(callHash);
    }
  };
  // After a real change it is right to look again, so each repetition counts half; writing the same once more is none.
  const halveAfterChange = (step: Step): void => {
    if (!step.calls.some((call) => call.mutates && call.ok && !asked.has(call.callHash))) return;
    for (const entry of asked.values()) entry.steps.splice(0, Math.ceil(entry.steps.length / 2));
  };
  const count = (call: StepCall): number => {
    if (call.resultHash === null) return 0;
    const entry = asked.get(call.callHash);
    if (entry !== undefined && entry.resultHash === call.resultHash) {
      entry.steps.push(now);
      entry.lastStep = now;
      if (entry.steps.length > windowSteps) entry.steps.shift();
      return entry.steps.length;
    }
    asked.set(call.callHash, { resultHash: call.resultHash, steps: [now], lastStep: now });
    return 1;
  };

  return {
    step: (step) => {
      if (step.waits !== false) return;
      now++;
      forgetOld();
      halveAfterChange(step);
      const counts = step.calls.map((call) => (call.waits === false ? count(call) : 0));
      const most = Math.max(...counts);
      const call = step.calls[counts.indexOf(most)];
      repeats = Math.max(1, ...[...asked.values()].map((entry) => entry.steps.length));
      if (repeats < warnAt) return episode.lose(step.atMs);
      if (most < warnAt || call === undefined) return;
      const summary = `${call.tool} gave the same result ${most} times within ${windowSteps} steps, with other calls in between`;
      const { atLine, atMs } = step;
      episode.see({
        hard: true,
        level: most >= actAt ? 'act' : 'warn',
        atLine,
        atMs,
        count: most,
        period: null,
        summary,
        unit: 'calls',
        samples: call.samples,
      });
    },
    reset: (atMs) => {
      asked.clear();
      repeats = 0;
      episode.lose(atMs);
    },
    finding: episode.finding,
    repeats: () => repeats,
    bytes: () => 600 + asked.size * 160,
  };
};
