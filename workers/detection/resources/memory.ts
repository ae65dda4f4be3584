import type { FindingLevel } from '#protocol/judgement';
import type { RunLimits } from '#protocol/run-spec';
import { createEpisode } from './episode.ts';
import { inMib, type ResourcePart } from './resource-part.ts';
import { createTimeWindow, ratePerSecond } from './time-window.ts';

/** From this share of its limit on, a run is near it. */
export const nearLimitShare = 0.8;
const wellOverShare = 1.05;

/** Memory as it is, and against its limit. */
export const createMemoryPart = (limits: RunLimits): ResourcePart => {
  const growth = createTimeWindow(10_000);
  const episode = createEpisode('memory-limit', { hard: true });
  const limitBytes = limits.maxMemBytes;
  let rssBytes: number | null = null;
  let overLimit = 0;

  const judge = (rss: number, limit: number): FindingLevel | null => {
    overLimit = rss >= limit ? overLimit + 1 : 0;
    // One reading may catch a spike that is freed at once; well over the limit, or twice, it is no spike.
    if (overLimit >= 2 || rss >= limit * wellOverShare) return 'act';
    return rss >= limit * nearLimitShare ? 'warn' : null;
  };

  return {
    observe: ({ observation, monoMs }) => {
      if (observation.process === null) return;
      const rss = observation.process.rssBytes;
      rssBytes = rss;
      growth.push(monoMs, rss);
      if (limitBytes === null) return;
      episode.update(judge(rss, limitBytes), { atMs: observation.atMs, monoMs }, () => ({
        summary: `${inMib(rss)} resident, the limit is ${inMib(limitBytes)}`,
        unit: 'bytes',
      }));
    },
    findings: () => episode.findings(),
    signals: () => {
      const perSecond = ratePerSecond(growth);
      return {
        ...(rssBytes === null ? {} : { 'mem.rss': rssBytes }),
        ...(perSecond === null ? {} : { 'mem.growth': perSecond }),
      };
    },
    stateBytes: () => 256 + growth.stateBytes(),
  };
};
