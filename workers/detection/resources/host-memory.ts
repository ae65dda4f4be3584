import type { FindingLevel } from '#protocol/judgement';
import type { HostFigures } from '#protocol/observations';
import { createEpisode } from './episode.ts';
import { inMib, type ResourcePart } from './resource-part.ts';

const scarceShare = 0.1;
const exhaustedShare = 0.05;
const looksToAct = 3;
// With less than half of all memory in use, ending this run would not give the host back what it lacks.
const culpritShare = 0.5;

/** The part a run has in a host that runs out of memory. */
export const createHostMemoryPart = (): ResourcePart => {
  const episode = createEpisode('host-memory', { hard: true });
  let shareOfUsed: number | null = null;
  let exhausted = 0;

  const judge = (host: HostFigures): FindingLevel | null => {
    const available = host.memTotalBytes === 0 ? 1 : host.memAvailableBytes / host.memTotalBytes;
    const isCulprit = (shareOfUsed ?? 0) >= culpritShare;
    exhausted = isCulprit && available < exhaustedShare ? exhausted + 1 : 0;
    if (exhausted >= looksToAct) return 'act';
    return isCulprit && available < scarceShare ? 'warn' : null;
  };

  return {
    observe: ({ observation, host, monoMs }) => {
      if (observation.process === null) return;
      const used = host.memTotalBytes - host.memAvailableBytes;
      shareOfUsed = used > 0 ? Math.min(1, observation.process.rssBytes / used) : null;
      episode.update(judge(host), { atMs: observation.atMs, monoMs }, () => ({
        summary: `the host has ${inMib(host.memAvailableBytes)} of ${inMib(host.memTotalBytes)} left and this run holds ${Math.round((shareOfUsed ?? 0) * 100)} % of what is used`,
        unit: 'bytes',
      }));
    },
    findings: () => episode.findings(),
    signals: () => (shareOfUsed === null ? {} : { 'mem.share_of_used_pct': shareOfUsed * 100 }),
    stateBytes: () => 192,
  };
};
