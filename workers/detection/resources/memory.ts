import type { FindingLevel } from '#protocol/judgement';
import type { HostFigures } from '#protocol/observations';
import type { RunLimits } from '#protocol/run-spec';
import { createEpisode, levelNumber } from './episode.ts';
import { createFloors } from './floors.ts';
import { inMib, inWords, mib, type ResourceMoment, type ResourcePart } from './resource-part.ts';
import { createTimeWindow, ratePerSecond } from './time-window.ts';

// Ten minutes in twelve floors; a minute of them for what would be over before the ten are.
const longStretchMs = 50_000;
const shortStretchMs = 5_000;
const leastGrowthPerMs = (5 * mib) / 60_000;
const soonSeconds = 300;
const actSeconds = 120;
const nearLimitShare = 0.8;
const scarceShare = 0.1;
const exhaustedShare = 0.05;
// With less than half of all memory in use, ending this run would not give the host back what it lacks.
const culpritShare = 0.5;

/** Memory against its limit, the trend of its floor, and the part it has in a host that runs out. */
export const createMemoryPart = (limits: RunLimits): ResourcePart => {
  const growth = createTimeWindow(10_000);
  const long = createFloors(longStretchMs, leastGrowthPerMs * longStretchMs);
  const short = createFloors(shortStretchMs, leastGrowthPerMs * shortStretchMs);
  const limitEpisode = createEpisode('memory-limit', { hard: true });
  const trendEpisode = createEpisode('memory-trend', { hard: false });
  const hostEpisode = createEpisode('host-memory', { hard: true });
  let rssBytes: number | null = null;
  let overLimit = 0;
  let scarce = 0;
  let shareOfUsed: number | null = null;
  let secondsToLimit: number | null = null;
  let floorGrowth = 0;

  const judgeLimit = (rss: number): FindingLevel | null => {
    if (limits.maxMemBytes === null) return null;
    overLimit = rss >= limits.maxMemBytes ? overLimit + 1 : 0;
    // One reading may catch a spike that is freed at once; well over the limit, or twice, it is no spike.
    if (overLimit >= 2 || rss >= limits.maxMemBytes * 1.05) return 'act';
    return rss >= limits.maxMemBytes * nearLimitShare ? 'warn' : null;
  };
  const judgeTrend = (rss: number, host: HostFigures): FindingLevel | null => {
    const trend = long.trend().kind === 'flat' ? short.trend() : long.trend();
    floorGrowth = trend.perSecond;
    const roomBytes = limits.maxMemBytes === null ? host.memAvailableBytes : limits.maxMemBytes - rss;
    secondsToLimit =
      floorGrowth > 0 && (limits.maxMemBytes !== null || host.memTotalBytes > 0)
        ? Math.max(0, roomBytes) / floorGrowth
        : null;
    const isNear = limits.maxMemBytes !== null && rss >= limits.maxMemBytes * nearLimitShare;
    if (long.trend().kind === 'steady-rise')
      return isNear && (secondsToLimit ?? actSeconds) < actSeconds ? 'act' : 'warn';
    if (long.trend().kind === 'rising') return 'observe';
    return short.trend().kind === 'steady-rise' && (secondsToLimit ?? soonSeconds) < soonSeconds ? 'observe' : null;
  };
  const judgeHost = (host: HostFigures): FindingLevel | null => {
    const available = host.memTotalBytes === 0 ? 1 : host.memAvailableBytes / host.memTotalBytes;
    const isCulprit = (shareOfUsed ?? 0) >= culpritShare;
    scarce = isCulprit && available < exhaustedShare ? scarce + 1 : 0;
    if (scarce >= 3) return 'act';
    return isCulprit && available < scarceShare ? 'warn' : null;
  };
  const observe = ({ observation, host, monoMs, watchedMs, isPaused }: ResourceMoment): void => {
    if (observation.process === null) return;
    const rss = observation.process.rssBytes;
    const at = { atMs: observation.atMs, monoMs };
    rssBytes = rss;
    growth.push(monoMs, rss);
    if (!isPaused) {
      long.push(watchedMs, rss);
      short.push(watchedMs, rss);
    }
    const used = host.memTotalBytes - host.memAvailableBytes;
    shareOfUsed = used > 0 ? Math.min(1, rss / used) : null;
    limitEpisode.update(judgeLimit(rss), at, () => ({
      summary: `${inMib(rss)} resident, the limit is ${inMib(limits.maxMemBytes ?? 0)}`,
      unit: 'bytes',
    }));
    trendEpisode.update(judgeTrend(rss, host), at, () => ({
      summary: `the memory floor rises ${inMib(floorGrowth * 60)} a minute and does not slow down, now ${inMib(rss)}${
        secondsToLimit === null ? '' : `; full in ${inWords(secondsToLimit)}`
      }`,
      unit: 'bytes',
      progressLookedFor: ['a floor that stops rising', 'growth that slows down'],
    }));
    hostEpisode.update(judgeHost(host), at, () => ({
      summary: `the host has ${inMib(host.memAvailableBytes)} of ${inMib(host.memTotalBytes)} left and this run holds ${Math.round((shareOfUsed ?? 0) * 100)} % of what is used`,
      unit: 'bytes',
    }));
  };

  return {
    observe,
    findings: () => [...limitEpisode.findings(), ...trendEpisode.findings(), ...hostEpisode.findings()],
    signals: () => {
      const perSecond = ratePerSecond(growth);
      return {
        ...(rssBytes === null
          ? {}
          : {
              'mem.rss': rssBytes,
              'mem.floor_growth': floorGrowth,
              'mem.trend_level': levelNumber(trendEpisode.findings()),
            }),
        ...(perSecond === null ? {} : { 'mem.growth': perSecond }),
        ...(secondsToLimit === null ? {} : { 'mem.time_to_limit': secondsToLimit }),
        ...(shareOfUsed === null ? {} : { 'mem.share_of_used_pct': shareOfUsed * 100 }),
      };
    },
    stateBytes: () => 512 + growth.stateBytes() + long.stateBytes() + short.stateBytes(),
  };
};
