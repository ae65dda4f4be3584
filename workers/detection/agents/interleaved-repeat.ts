import { Episode, type EpisodeKind, lookedForInAgents, maskedInAgents } from './episode.ts';
import type { Step, StepCall } from './step.ts';
import type { AgentWatcher } from './watcher.ts';

// Inside 40 steps a plan is still one plan. The same question with the same answer four times in it is odd, six times
// is a loop with other things in between (between the 6 and the 10 that others use).
const windowSteps = 40;
const warnAt = 4;
const actAt = 6;

/** One call and what it gave; those of one call all gave the same, for another result makes those before it forgotten. */
interface Sighting {
  readonly step: number;
  readonly callHash: number;
  readonly resultHash: number;
  counts: boolean;
}

const kind: EpisodeKind = {
  detector: 'interleaved-repeat',
  masked: maskedInAgents,
  progressLookedFor: lookedForInAgents,
};

/** The same call with the same result again and again, with other calls in between. */
export const createInterleavedRepeat = (): AgentWatcher & { repeats(): number } => {
  const episode = new Episode(kind);
  /** Of the window, oldest first. */
  let sightings: Sighting[] = [];
  let now = 0;
  let repeats = 0;

  const forgetOld = (): void => {
    while ((sightings[0]?.step ?? now) <= now - windowSteps) sightings.shift();
  };
  const forgetCall = (callHash: number): void => {
    sightings = sightings.filter((sighting) => sighting.callHash !== callHash);
  };
  const isKnown = (callHash: number): boolean => sightings.some((sighting) => sighting.callHash === callHash);
  // After a real change it is right to look again, so each repetition counts half; writing the same once more is none.
  const halveAfterChange = (step: Step): void => {
    if (!step.calls.some((call) => call.mutates && call.ok && !isKnown(call.callHash))) return;
    halve(sightings);
    if (step.waits === false) return;
    // A wait is no step, so what it changes on its way is not asked for below: it is remembered here.
    for (const { callHash, resultHash } of step.calls) {
      forgetCall(callHash);
      sightings.push({ step: now, callHash, resultHash: resultHash ?? 0, counts: false });
    }
  };
  const see = ({ callHash, resultHash, waits }: StepCall): void => {
    if (waits !== false || resultHash === null) return;
    const before = sightings.findLast((sighting) => sighting.callHash === callHash);
    if (before !== undefined && before.resultHash !== resultHash) forgetCall(callHash);
    sightings.push({ step: now, callHash, resultHash, counts: true });
  };

  return {
    step: (step) => {
      halveAfterChange(step);
      if (step.waits !== false) return;
      now++;
      forgetOld();
      for (const call of step.calls) see(call);
      const times = timesOf(sightings);
      const counts = step.calls.map(({ callHash, resultHash, waits }) =>
        waits === false && resultHash !== null ? (times.get(callHash) ?? 0) : 0,
      );
      const most = Math.max(...counts);
      const call = step.calls[counts.indexOf(most)];
      repeats = Math.max(1, ...times.values());
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
      sightings = [];
      repeats = 0;
      episode.lose(atMs);
    },
    finding: (nowMs) => episode.finding(nowMs),
    repeats: () => repeats,
    bytes: () => 500 + sightings.length * 100,
  };
};

/** How often each call came with its result, as far as it counts. */
const timesOf = (sightings: readonly Sighting[]): Map<number, number> => {
  const times = new Map<number, number>();
  for (const { callHash, counts } of sightings) if (counts) times.set(callHash, (times.get(callHash) ?? 0) + 1);
  return times;
};

/** The older half of each call's sightings counts no more. */
const halve = (sightings: readonly Sighting[]): void => {
  const times = timesOf(sightings);
  const left = new Map(Array.from(times, ([callHash, count]) => [callHash, Math.ceil(count / 2)]));
  for (const sighting of sightings) {
    const surplus = left.get(sighting.callHash) ?? 0;
    if (!sighting.counts || surplus === 0) continue;
    sighting.counts = false;
    left.set(sighting.callHash, surplus - 1);
  }
};
