import { isSignalName, signals } from '#protocol/signals';
import { formatBytes, formatDuration, formatUsd } from './format.ts';

/** A value in the unit of its signal, as people read it. */
export const formatSignal = (name: string, value: number | string): string => {
  if (typeof value === 'string' || !isSignalName(name)) return String(value);
  const { unit } = signals[name];
  if (unit === 'pct') return `${value.toFixed(1)} %`;
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'bytes/s') return `${formatBytes(value)}/s`;
  if (unit === 's') return formatDuration(value * 1000);
  if (unit === 'usd') return formatUsd(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
};
