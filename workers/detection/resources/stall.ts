import type { FindingLevel } from '#protocol/judgement';
import { createEpisode, levelNumber } from './episode.ts';
import { inWords, type ResourceMoment, type ResourcePart } from './resource-part.ts';
import { createTimeWindow, ratePerSecond } from './time-window.ts';

/** Silence means something else while a model thinks, a tool runs, or a person is asked. */
const patienceSeconds: Readonly<Record<string, number>> = {
  none: 300,
  idle: 300,
  working: 600,
  tool: 1200,
  sub_agent: 1800,
  finished: 60,
  failed: 60,
  needs_input: Number.POSITIVE_INFINITY,
};
const actFactor = 3;
// An event loop with a timer is not alive for that: below this it counts as doing nothing.
const idleCorePct = 1;

/** No output, no CPU, no I/O, no new process, no heartbeat: for longer than what is open can explain. */
export const createStallPart = (): ResourcePart => {
  const coreMs = createTimeWindow(10_000);
  const episode = createEpisode('stall', { hard: false });
  let usedCoreMs = 0;
  let lastBytes = 0;
  let lastIo = 0;
  let quietMs = 0;
  let silentMs = 0;
  let stateOfAgent = 'none';

  const moves = ({ observation }: ResourceMoment, io: number): boolean => {
    const mean = ratePerSecond(coreMs);
    return (
      io !== lastIo ||
      (observation.process?.spawned ?? 0) > 0 ||
      observation.progress.length > 0 ||
      (mean ?? 0) / 10 >= idleCorePct
    );
  };
  const ageSeconds = (): number => (hasEnded(stateOfAgent) ? silentMs : quietMs) / 1000;
  const judge = (): FindingLevel | null => {
    const patience = patienceSeconds[stateOfAgent] ?? 300;
    if (ageSeconds() < patience) return null;
    return ageSeconds() >= patience * actFactor ? 'act' : 'warn';
  };

  return {
    observe: (moment) => {
      const { observation, watchedMs, monoMs } = moment;
      if (observation.process === null) return;
      usedCoreMs += ((observation.process.cpuPct ?? 0) / 100) * watchedMs;
      coreMs.push(monoMs, usedCoreMs);
      const io = observation.process.readBytes + observation.process.writtenBytes;
      const speaks = observation.output.bytes !== lastBytes || observation.events.length > 0;
      const before = stateOfAgent;
      stateOfAgent = moment.stateOfAgent ?? 'none';
      silentMs = speaks || before !== stateOfAgent ? 0 : silentMs + watchedMs;
      quietMs = speaks || moves(moment, io) ? 0 : quietMs + watchedMs;
      lastBytes = observation.output.bytes;
      lastIo = io;
      episode.update(judge(), { atMs: observation.atMs, monoMs }, () => ({
        summary: hasEnded(stateOfAgent)
          ? `the agent ${stateOfAgent} ${inWords(ageSeconds())} ago and did not exit`
          : `no output, CPU, I/O or new process for ${inWords(ageSeconds())}${stateOfAgent === 'none' ? '' : ` (agent: ${stateOfAgent})`}`,
        unit: 's',
        progressLookedFor: ['output', 'CPU over 1 % of a core', 'bytes read or written', 'new processes', 'heartbeats'],
      }));
    },
    findings: () => episode.findings(),
    signals: () => ({ 'stall.age': ageSeconds(), 'stall.level': levelNumber(episode.findings()) }),
    stateBytes: () => 256 + coreMs.stateBytes(),
  };
};

const hasEnded = (state: string): boolean => state === 'finished' || state === 'failed';
