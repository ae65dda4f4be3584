import type { FindingLevel } from '#protocol/judgement';
import type { ProcessFigures } from '#protocol/observations';
import { createEpisode } from './episode.ts';
import type { ResourceMoment, ResourcePart } from './resource-part.ts';
import { createTimeWindow, ratePerSecond } from './time-window.ts';

const manyProcesses = 200;
const tooManyProcesses = 500;
// A storm is seen by its rate, before the count is high: no build or test runner starts a hundred that stay in five seconds.
const stormIn5s = 100;
const fourfold = 4;
const fourfoldFrom = 40;
const manyZombies = 20;
const zombiesForMs = 60_000;

/** Fan-out and fork storms, and zombies that nobody reaps. */
export const createProcessesPart = (): ResourcePart => {
  const count5s = createTimeWindow(5_000);
  const count30s = createTimeWindow(30_000);
  const spawned1m = createTimeWindow(60_000);
  const fanOut = createEpisode('fan-out', { hard: true });
  const zombies = createEpisode('zombies', { hard: false });
  let figures: ProcessFigures | null = null;
  let spawned = 0;
  let zombieMs = 0;

  const judgeFanOut = (processes: number): FindingLevel | null => {
    if (processes > tooManyProcesses || (count5s.change()?.by ?? 0) >= stormIn5s) return 'act';
    const before = count30s.oldest() ?? processes;
    return processes > manyProcesses || (processes >= fourfoldFrom && processes >= before * fourfold) ? 'warn' : null;
  };

  return {
    observe: ({ observation, monoMs, watchedMs }: ResourceMoment) => {
      const { process } = observation;
      if (process === null) return;
      figures = process;
      spawned += process.spawned;
      count5s.push(monoMs, process.processes);
      count30s.push(monoMs, process.processes);
      spawned1m.push(monoMs, spawned);
      zombieMs = process.zombies > manyZombies ? zombieMs + watchedMs : 0;
      const at = { atMs: observation.atMs, monoMs };
      fanOut.update(judgeFanOut(process.processes), at, () => ({
        summary: `${process.processes} processes, ${Math.max(0, count5s.change()?.by ?? 0)} more than 5 s ago`,
        unit: 'count',
        count: process.processes,
      }));
      zombies.update(zombieMs >= zombiesForMs ? 'warn' : null, at, () => ({
        summary: `${process.zombies} zombies not reaped for ${Math.round(zombieMs / 1000)} s`,
        unit: 'count',
        count: process.zombies,
      }));
    },
    findings: () => [...fanOut.findings(), ...zombies.findings()],
    signals: () => {
      if (figures === null) return {};
      const rate = ratePerSecond(count5s);
      return {
        'procs.count': figures.processes,
        'procs.zombies': figures.zombies,
        'procs.threads': figures.threads,
        'procs.spawned_1m': spawned1m.change()?.by ?? 0,
        ...(rate === null ? {} : { 'procs.spawn_rate': rate }),
      };
    },
    stateBytes: () => 512 + count5s.stateBytes() + count30s.stateBytes() + spawned1m.stateBytes(),
  };
};
