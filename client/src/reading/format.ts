const kib = 1024;
const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** `1.1 GB`, `340 MB`: three figures at most, binary thousands as in top. */
export const formatBytes = (bytes: number): string => {
  let amount = bytes;
  let step = 0;
  while (amount >= 1000 && step < byteUnits.length - 1) {
    amount /= kib;
    step += 1;
  }
  return `${step > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${byteUnits[step]}`;
};

export const formatPct = (pct: number): string =>
  pct === 0 || pct >= 9.95 ? Math.round(pct).toString() : pct.toFixed(1);

/** `8 s`, `4m 10s`, `1h 12m`, `3d 4h`. */
export const formatDuration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h ${pad(minutes % 60)}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
};

/** `14:02:11` in the reader's own time zone. */
export const formatClock = (atMs: number): string => {
  const at = new Date(atMs);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
};

/** The clock alone for today, with the day before it otherwise. */
export const formatMoment = (atMs: number, nowMs: number): string => {
  const at = new Date(atMs);
  if (at.toDateString() === new Date(nowMs).toDateString()) return formatClock(atMs);
  return `${at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })} ${formatClock(atMs)}`;
};

export const formatExact = (atMs: number): string => new Date(atMs).toISOString();

export const formatUsd = (usd: number): string => `$${usd < 100 ? usd.toFixed(2) : Math.round(usd).toString()}`;

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** `14:02`, for the axis of a chart. */
export const formatHour = (atMs: number): string => formatClock(atMs).slice(0, 5);

const pad = (value: number): string => value.toString().padStart(2, '0');
