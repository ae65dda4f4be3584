import type { RunLimits } from '#protocol/run-spec';
import type { SignalVector } from '#protocol/signals';
import type { Detector } from './detector.ts';
import { createCpuPart } from './resources/cpu.ts';
import { createDescriptorsPart } from './resources/descriptors.ts';
import { createDiskPart } from './resources/disk.ts';
import { createHostPart, createOutputPart } from './resources/host-and-output.ts';
import { createHostMemoryPart } from './resources/host-memory.ts';
import { createMemoryPart } from './resources/memory.ts';
import { createMemoryTrendPart } from './resources/memory-trend.ts';
import { createProcessesPart } from './resources/processes.ts';
import type { ResourceObserved } from './resources/resource-part.ts';
import { createStallPart } from './resources/stall.ts';

// No run is looked at less often: a longer silence is a daemon that stood still or a machine that slept, and tells nothing of the run.
const longestWatchedMs = 10_000;
// A wall clock that is set moves what has a date, not what lasts: apart from the monotonic clock by more than this, it jumped.
const clockJumpMs = 2000;

/** All that needs numbers only: CPU, memory, processes, disk, host, volume of output, stall and age of one run. */
export const createResourceDetectors = (limits: RunLimits): Detector<ResourceObserved> => {
  const parts = [
    createCpuPart(limits),
    createMemoryPart(limits),
    createMemoryTrendPart(limits),
    createHostMemoryPart(),
    createProcessesPart(),
    createDescriptorsPart(),
    createDiskPart(),
    createHostPart(),
    createOutputPart(),
    createStallPart(),
  ];
  let last: { monoMs: number; atMs: number } | null = null;
  let ageMs = 0;

  const watchedSince = (monoMs: number, atMs: number): number => {
    if (last === null) return 0;
    const elapsedMs = monoMs - last.monoMs;
    const hasJumped = Math.abs(atMs - last.atMs - elapsedMs) > clockJumpMs;
    // A sleep shows as a jump forward of the wall clock alone; nobody was there to be quiet meanwhile.
    return hasJumped && atMs > last.atMs ? 0 : elapsedMs > longestWatchedMs ? 0 : Math.max(0, elapsedMs);
  };

  return {
    id: 'resources',
    observe: (observed) => {
      const { monoMs, observation, host, stateOfAgent } = observed;
      const isPaused = observed.isPaused === true;
      if (last === null)
        ageMs = observed.startedAtMs === undefined ? 0 : Math.max(0, observation.atMs - observed.startedAtMs);
      else if (!isPaused) ageMs += Math.max(0, monoMs - last.monoMs);
      const watchedMs = isPaused ? 0 : watchedSince(monoMs, observation.atMs);
      last = { monoMs, atMs: observation.atMs };
      const moment = { observation, host, monoMs, stateOfAgent, isPaused, watchedMs };
      for (const part of parts) part.observe(moment);
    },
    findings: () => parts.flatMap((part) => part.findings()),
    signals: () =>
      parts.reduce(
        (vector: SignalVector, part) => Object.assign(vector, part.signals()),
        last === null ? {} : { 'run.age': ageMs / 1000 },
      ),
    stateBytes: () => parts.reduce((sum, part) => sum + part.stateBytes(), 128),
  };
};
