import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import type { AdmissionSettings, LabelLimit } from '#config/admission-settings';
import type { Clock } from '#runtime/clock';

export interface HostRoom {
  /** What programs could still take without swapping. */
  readonly freeMemBytes: number;
  readonly totalMemBytes: number;
  /** Of one minute, per core. */
  readonly load: number;
}

/** What asks to start, and what lives already. */
export interface Applicant {
  readonly labels: Readonly<Record<string, string>>;
  /** Asked to wait for the host, too. */
  readonly queue: boolean;
}

export interface Refusal {
  readonly why: string;
  /** `host`: nobody tells when that changes, so it is looked at again. */
  readonly until: 'a-run-ends' | 'host';
}

export interface Admission {
  /** null: there is room. */
  refusal(applicant: Applicant, live: readonly Pick<Applicant, 'labels'>[]): Refusal | null;
  /** Told of each start: what was just started is not in the figures of the host yet. */
  started(): void;
}

// For runs that wait for the host without saying for what: a tenth of its memory, and two that want each core.
const usualFreeShare = 0.1;
const usualLoad = 2;
/** While the host is watched, one run starts in this time, so that the next look sees what it takes. */
export const hostPaceMs = 1_000;

export const createAdmission = (options: {
  readonly settings: AdmissionSettings;
  readonly clock: Clock;
  readonly readHost?: () => HostRoom;
}): Admission => {
  const { settings, clock, readHost = readHostRoom } = options;
  let startedMonoMs = Number.NEGATIVE_INFINITY;

  const hostRefusal = (applicant: Applicant, isFirst: boolean): string | null => {
    const isWatched = settings.minFreeMemBytes !== null || settings.maxLoad !== null;
    if (!applicant.queue && !isWatched) return null;
    const host = readHost();
    const wanted = settings.minFreeMemBytes ?? (applicant.queue ? host.totalMemBytes * usualFreeShare : 0);
    if (host.freeMemBytes < wanted)
      return `${mib(host.freeMemBytes)} of memory are free, and ${mib(wanted)} have to be`;
    // With nothing of ours running, the load is somebody else's, and waiting for it might be forever.
    if (isFirst) return null;
    const mostLoad = settings.maxLoad ?? (applicant.queue ? usualLoad : Number.POSITIVE_INFINITY);
    if (host.load > mostLoad)
      return `the load of the host is ${host.load.toFixed(1)} a core, and more than ${mostLoad}`;
    return clock.mono() - startedMonoMs < hostPaceMs ? 'another run started within this second' : null;
  };

  return {
    refusal: (applicant, live) => {
      const { maxConcurrent, perLabel } = settings;
      if (maxConcurrent > 0 && live.length >= maxConcurrent)
        return { why: tooMany(maxConcurrent, ''), until: 'a-run-ends' };
      const full = perLabel.find((limit) => isFull(limit, applicant.labels, live));
      if (full !== undefined) {
        const label = ` with ${full.key}=${applicant.labels[full.key]}`;
        return { why: tooMany(full.max, label), until: 'a-run-ends' };
      }
      const why = hostRefusal(applicant, live.length === 0);
      return why === null ? null : { why, until: 'host' };
    },
    started: () => {
      startedMonoMs = clock.mono();
    },
  };
};

const isFull = (
  { key, value, max }: LabelLimit,
  labels: Applicant['labels'],
  live: readonly Pick<Applicant, 'labels'>[],
): boolean => {
  const own = labels[key];
  if (own === undefined || (value !== null && value !== own)) return false;
  return live.filter((other) => other.labels[key] === own).length >= max;
};

const tooMany = (max: number, whose: string): string =>
  `${max} ${max === 1 ? `run${whose} is` : `runs${whose} are`} live, and no more may be at once`;

const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

const readHostRoom = (): HostRoom => ({
  freeMemBytes: availableBytes() ?? freemem(),
  totalMemBytes: totalmem(),
  load: (loadavg()[0] ?? 0) / availableParallelism(),
});

/** Free memory alone leaves out what caches would give back. */
const availableBytes = (): number | null => {
  try {
    const [, kib] = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'latin1')) ?? [];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null; // not Linux
  }
};
