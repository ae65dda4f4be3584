import type { HostFigures, OutputFigures } from '#protocol/observations';
import type { SignalVector } from '#protocol/signals';
import type { ResourcePart } from './resource-part.ts';
import { createTimeWindow, ratePerSecond } from './time-window.ts';

/** The host as it is: signals only. */
export const createHostPart = (): ResourcePart => {
  let host: HostFigures | null = null;
  return {
    observe: (moment) => {
      host = moment.host;
    },
    findings: () => [],
    signals: () => (host === null ? {} : hostSignals(host)),
    stateBytes: () => 96,
  };
};

const hostSignals = (host: HostFigures): SignalVector => ({
  'host.load1': host.load1,
  // All zero until the host was read once: unknown, not exhausted.
  ...(host.memTotalBytes === 0
    ? {}
    : {
        'host.cpu.pct': host.cpuPct,
        'host.mem.available': host.memAvailableBytes,
        'host.mem.available_pct': (host.memAvailableBytes / host.memTotalBytes) * 100,
      }),
  ...(host.diskFreeBytes === null ? {} : { 'host.disk.free': host.diskFreeBytes }),
});

/** How much a run writes and since when it is silent: signals only. */
export const createOutputPart = (): ResourcePart => {
  const lines = createTimeWindow(5_000);
  const bytes = createTimeWindow(5_000);
  let output: OutputFigures | null = null;
  let silentMs: number | null = null;
  return {
    observe: ({ observation, monoMs, watchedMs }) => {
      const news = observation.output;
      if (news.lastOutputAtMs !== output?.lastOutputAtMs) {
        silentMs = news.lastOutputAtMs === null ? null : Math.max(0, observation.atMs - news.lastOutputAtMs);
      } else if (silentMs !== null) silentMs += watchedMs;
      output = news;
      lines.push(monoMs, news.lines);
      bytes.push(monoMs, news.bytes);
    },
    findings: () => [],
    signals: () => {
      if (output === null) return {};
      const lineRate = ratePerSecond(lines);
      const byteRate = ratePerSecond(bytes);
      return {
        'output.lines': output.lines,
        'output.bytes': output.bytes,
        'output.lag': output.lagBytes,
        ...(silentMs === null ? {} : { 'output.age': silentMs / 1000 }),
        ...(lineRate === null ? {} : { 'output.line_rate': lineRate }),
        ...(byteRate === null ? {} : { 'output.byte_rate': byteRate }),
      };
    },
    stateBytes: () => 256 + lines.stateBytes() + bytes.stateBytes(),
  };
};
