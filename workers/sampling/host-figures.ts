import { statfs } from 'node:fs/promises';
import { loadavg } from 'node:os';
import type { HostFigures } from '#protocol/observations';
import type { Clock } from '#runtime/clock';

export interface HostReading {
  readonly cpuPct: number;
  readonly memTotalBytes: number;
  readonly memAvailableBytes: number;
}

export interface HostWatch {
  /** The newest figures; never waits, and asks for newer ones in the background when these are old. */
  current(): HostFigures;
  /** Resolves when no reading is under way. */
  settled(): Promise<void>;
}

const refreshEveryMs = 3000;
const driftMs = 1500;

/** systeminformation is loaded on first use: it is large, and the first figures may come late. */
export const readHost = async (): Promise<HostReading> => {
  const { currentLoad, mem } = await import('systeminformation');
  const [load, memory] = await Promise.all([currentLoad(), mem()]);
  return { cpuPct: load.currentLoad, memTotalBytes: memory.total, memAvailableBytes: memory.available };
};

// systeminformation.fsSize starts `df`, and a thread that may die must not have children.
const readDiskFree = async (dir: string): Promise<number> => {
  const disk = await statfs(dir);
  return disk.bavail * disk.bsize;
};

export const createHostWatch = (options: {
  clock: Clock;
  homeDir: string;
  read?: () => Promise<HostReading>;
}): HostWatch => {
  const { clock, homeDir, read = readHost } = options;
  let figures: HostFigures = { cpuPct: 0, load1: 0, memTotalBytes: 0, memAvailableBytes: 0, diskFreeBytes: null };
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | null = null;
  let offsetMs = clock.now() - clock.mono();

  const refresh = async (): Promise<void> => {
    const [host, diskFreeBytes] = await Promise.all([
      read().catch(() => null /* no figures this time: the last ones stay, and the next refresh asks again */),
      readDiskFree(homeDir).catch(() => null /* the home may be gone or on a dead mount: free space is then unknown */),
    ]);
    figures = { ...figures, ...host, load1: loadavg()[0] ?? 0, diskFreeBytes };
  };

  return {
    current: () => {
      const apartMs = clock.now() - clock.mono();
      // The monotonic clock stands still while the machine sleeps: figures from before would pass for fresh.
      const hasJumped = Math.abs(apartMs - offsetMs) >= driftMs;
      offsetMs = apartMs;
      if (underWay === null && (hasJumped || clock.mono() - askedAtMs >= refreshEveryMs)) {
        askedAtMs = clock.mono();
        underWay = refresh().finally(() => {
          underWay = null;
        });
      }
      return figures;
    },
    settled: async () => {
      await underWay;
    },
  };
};
