import type { FindingLevel } from '#protocol/judgement';
import type { HostFigures } from '#protocol/observations';
import { createEpisode } from './episode.ts';
import { gib, inMib, mib, type ResourcePart } from './resource-part.ts';
import { createTimeWindow, ratePerSecond } from './time-window.ts';

// A database load or a checkpoint writes some; twice a minute's full speed of a common disk in ten minutes is a lot for a script.
const muchIn10mBytes = 20 * gib;
const scarceDiskBytes = gib;
const lastDiskBytes = 200 * mib;
const writingBytesPerSecond = mib;

/** Bytes to and from storage, and the part a run has in a disk that fills up. */
export const createDiskPart = (): ResourcePart => {
  const read5s = createTimeWindow(5_000);
  const written5s = createTimeWindow(5_000);
  const written10m = createTimeWindow(600_000);
  const episode = createEpisode('disk-volume', { hard: false });
  let writtenBytes: number | null = null;

  const judge = (host: HostFigures): FindingLevel | null => {
    const isWriting = (ratePerSecond(written5s) ?? 0) > writingBytesPerSecond;
    const free = host.diskFreeBytes ?? Number.POSITIVE_INFINITY;
    if (isWriting && free < lastDiskBytes) return 'act';
    return (isWriting && free < scarceDiskBytes) || (written10m.change()?.by ?? 0) > muchIn10mBytes ? 'warn' : null;
  };

  return {
    observe: ({ observation, host, monoMs }) => {
      if (observation.process === null) return;
      writtenBytes = observation.process.writtenBytes;
      read5s.push(monoMs, observation.process.readBytes);
      written5s.push(monoMs, writtenBytes);
      written10m.push(monoMs, writtenBytes);
      episode.update(judge(host), { atMs: observation.atMs, monoMs }, () => ({
        summary: `${inMib(written10m.change()?.by ?? 0)} written in 10 minutes${host.diskFreeBytes === null ? '' : `, ${inMib(host.diskFreeBytes)} free`}`,
        unit: 'bytes',
      }));
    },
    findings: () => episode.findings(),
    signals: () => {
      if (writtenBytes === null) return {};
      const readRate = ratePerSecond(read5s);
      const writeRate = ratePerSecond(written5s);
      return {
        'disk.written': writtenBytes,
        'disk.written_10m': written10m.change()?.by ?? 0,
        ...(readRate === null ? {} : { 'disk.read_rate': readRate }),
        ...(writeRate === null ? {} : { 'disk.write_rate': writeRate }),
      };
    },
    stateBytes: () => 256 + read5s.stateBytes() + written5s.stateBytes() + written10m.stateBytes(),
  };
};
