import { statfs } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
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

/**
 * Memory comes from systeminformation, loaded on first use because it is large. CPU does not: its `currentLoad` starts a
 * shell and waits for it, and this thread must neither wait nor have children.
 */
export const createHostReader = (): (() => Promise<HostReading>) => {
  let before = cpuTimes();
  return async () => {
    const { mem } = await import('systeminformation');
    const memory = await mem();
    const now = cpuTimes();
    const busyMs = now.busyMs - before.busyMs;
    const allMs = now.allMs - before.allMs;
    before = now;
    return {
      cpuPct: allMs > 0 ? (busyMs / allMs) * 100 : 0,
      memTotalBytes: memory.total,
      memAvailableBytes: memory.available,
    };
  };
};

const cpuTimes = (): { busyMs: number; allMs: number } => {
  let busyMs = 0;
  let allMs = 0;
  for (const { times } of cpus()) {
    const workMs = times.user + times.nice + times.sys + times.irq;
    busyMs += workMs;
    allMs += workMs + times.idle;
  }
  return { busyMs, allMs };
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
  const { clock, homeDir, read = createHostReader() } = options;
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
