import type { FindingLevel } from '#protocol/judgement';
import { createEpisode } from './episode.ts';
import { createFloors } from './floors.ts';
import type { ResourcePart } from './resource-part.ts';

const stretchMs = 50_000;
// A server that opens a connection per client has this many; only beyond does a steady rise end in EMFILE some day.
const fewDescriptors = 100;

/** Descriptors of the main process that only ever open. */
export const createDescriptorsPart = (): ResourcePart => {
  const floors = createFloors(stretchMs, 1);
  const episode = createEpisode('descriptor-leak', { hard: false });
  let fds: number | null = null;

  const judge = (open: number): FindingLevel | null => {
    if (open < fewDescriptors || floors.trend().kind === 'flat') return null;
    return floors.trend().kind === 'steady-rise' ? 'warn' : 'observe';
  };

  return {
    observe: ({ observation, monoMs, watchedMs }) => {
      fds = observation.process?.fds ?? null;
      if (fds === null) return;
      const open = fds;
      floors.push(watchedMs, open);
      episode.update(judge(open), { atMs: observation.atMs, monoMs }, () => ({
        summary: `open descriptors of the main process keep rising: ${open}`,
        unit: 'count',
        count: open,
      }));
    },
    findings: () => episode.findings(),
    signals: () => (fds === null ? {} : { 'procs.fds': fds }),
    stateBytes: () => 192 + floors.stateBytes(),
  };
};
