import type { FindingLevel } from '#protocol/judgement';
import type { HostFigures } from '#protocol/observations';
import type { RunLimits } from '#protocol/run-spec';
import { createEpisode, levelNumber } from './episode.ts';
import { createFloors } from './floors.ts';
import { nearLimitShare } from './memory.ts';
import { inMib, inWords, mib, type ResourcePart } from './resource-part.ts';

// Ten minutes in twelve floors; a minute of them for what would be over before the ten are.
const longStretchMs = 50_000;
const shortStretchMs = 5_000;
const leastGrowthPerMs = (5 * mib) / 60_000;
const soonSeconds = 300;
const actSeconds = 120;

/** Whether the floor under a run's memory keeps rising, and when it meets the limit: its own, or else that of the host. */
export const createMemoryTrendPart = (limits: RunLimits): ResourcePart => {
  const long = createFloors(longStretchMs, leastGrowthPerMs * longStretchMs);
  const short = createFloors(shortStretchMs, leastGrowthPerMs * shortStretchMs);
  const episode = createEpisode('memory-trend', { hard: false });
  let perSecond: number | null = null;
  let secondsToLimit: number | null = null;

  const project = (rss: number, host: HostFigures): void => {
    perSecond = (long.trend().kind === 'flat' ? short.trend() : long.trend()).perSecond;
    const isKnown = limits.maxMemBytes !== null || host.memTotalBytes > 0;
    const roomBytes = limits.maxMemBytes === null ? host.memAvailableBytes : limits.maxMemBytes - rss;
    secondsToLimit = perSecond > 0 && isKnown ? Math.max(0, roomBytes) / perSecond : null;
  };
  const judge = (rss: number): FindingLevel | null => {
    const isNear = limits.maxMemBytes !== null && rss >= limits.maxMemBytes * nearLimitShare;
    if (long.trend().kind === 'steady-rise') {
      return isNear && (secondsToLimit ?? actSeconds) < actSeconds ? 'act' : 'warn';
    }
    if (long.trend().kind === 'rising') return 'observe';
    // A minute cannot tell a leak from a warm-up: it is remembered, no more.
    return short.trend().kind === 'steady-rise' && (secondsToLimit ?? soonSeconds) < soonSeconds ? 'observe' : null;
  };

  return {
    observe: ({ observation, host, monoMs, watchedMs, isPaused }) => {
      if (observation.process === null || isPaused) return;
      const rss = observation.process.rssBytes;
      long.push(watchedMs, rss);
      short.push(watchedMs, rss);
      project(rss, host);
      episode.update(judge(rss), { atMs: observation.atMs, monoMs }, () => ({
        summary: `the memory floor rises ${inMib((perSecond ?? 0) * 60)} a minute and does not slow down, now ${inMib(rss)}${
          secondsToLimit === null ? '' : `; full in ${inWords(secondsToLimit)}`
        }`,
        unit: 'bytes',
        progressLookedFor: ['a floor that stops rising', 'growth that slows down'],
      }));
    },
    findings: () => episode.findings(),
    signals: () => ({
      ...(perSecond === null
        ? {}
        : { 'mem.floor_growth': perSecond, 'mem.trend_level': levelNumber(episode.findings()) }),
      ...(secondsToLimit === null ? {} : { 'mem.time_to_limit': secondsToLimit }),
    }),
    stateBytes: () => 256 + long.stateBytes() + short.stateBytes(),
  };
};
