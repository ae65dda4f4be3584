import { lineFlag } from '#protocol/observations';
import type { RunLimits } from '#protocol/run-spec';
import { createEpisode } from './episode.ts';
import type { ResourceMoment, ResourcePart } from './resource-part.ts';
import { createTimeWindow, ratePerSecond } from './time-window.ts';

const meanOverMs = 10_000;
const pressureForMs = 10_000;
// A compute job may be silent for minutes: five of them at a full core, with nothing to show, are worth a word and no more.
const fruitlessForMs = 300_000;
const fullCorePct = 90;
const lookedFor = ['new kinds of lines', 'bytes read or written', 'heartbeats, results, files, finished children'];

/** CPU over its threshold, and a full core spent for long without any sign of progress. */
export const createCpuPart = (limits: RunLimits): ResourcePart => {
  const coreMs = createTimeWindow(meanOverMs);
  const wantedMs = createTimeWindow(meanOverMs);
  const episode = createEpisode('cpu', { hard: false });
  let usedCoreMs = 0;
  let demandedCoreMs = 0;
  let lastPct: number | null = null;
  let pressedMs = 0;
  let fruitlessMs = 0;
  let ioBytes = 0;

  const meanPct = (window = coreMs): number | null => {
    const rate = ratePerSecond(window);
    return rate === null ? null : rate / 10;
  };

  return {
    observe: (moment) => {
      const { process } = moment.observation;
      if (process === null) return;
      const io = process.readBytes + process.writtenBytes;
      const hasMoved = io !== ioBytes || showsProgress(moment);
      ioBytes = io;
      lastPct = process.cpuPct;
      if (process.cpuPct === null || moment.watchedMs === 0) return;
      usedCoreMs += (process.cpuPct / 100) * moment.watchedMs;
      coreMs.push(moment.monoMs, usedCoreMs);
      demandedCoreMs += ((process.demandPct ?? process.cpuPct) / 100) * moment.watchedMs;
      wantedMs.push(moment.monoMs, demandedCoreMs);
      const mean = meanPct();
      pressedMs = mean !== null && mean >= limits.maxCpuPct ? pressedMs + moment.watchedMs : 0;
      fruitlessMs = mean !== null && mean >= fullCorePct && !hasMoved ? fruitlessMs + moment.watchedMs : 0;
      const level = fruitlessMs >= fruitlessForMs ? 'warn' : pressedMs >= pressureForMs ? 'observe' : null;
      episode.update(level, { atMs: moment.observation.atMs, monoMs: moment.monoMs }, () => ({
        summary: `${Math.round(mean ?? 0)} % of a core for ${Math.round(Math.max(pressedMs, fruitlessMs) / 1000)} s (threshold ${limits.maxCpuPct} %)`,
        unit: 'pct',
        ...(level === 'warn' ? { progressLookedFor: lookedFor } : {}),
      }));
    },
    findings: () => episode.findings(),
    signals: () => {
      const mean = meanPct();
      const demand = meanPct(wantedMs);
      return {
        ...(lastPct === null ? {} : { 'cpu.pct': lastPct }),
        ...(mean === null ? {} : { 'cpu.pct_10s': mean }),
        ...(demand === null ? {} : { 'cpu.demand_pct': demand }),
      };
    },
    stateBytes: () => 256 + coreMs.stateBytes() + wantedMs.stateBytes(),
  };
};

const showsProgress = ({ observation }: ResourceMoment): boolean =>
  observation.progress.length > 0 ||
  observation.events.length > 0 ||
  observation.lines.some((batch) => batch.flags.some((flags) => (flags & lineFlag.fresh) !== 0));
