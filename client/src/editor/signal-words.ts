import { definitionOf, isSignalName, type SignalName, type SignalUnit } from '#protocol/signals';
import { formatSignal } from '../reading/signal-value.ts';

/** What a signal is worth at this moment on the run that has most of it. */
export interface Reading {
  readonly signal: SignalName;
  readonly value: number | string;
  readonly name: string;
}

const unitWords: Readonly<Record<SignalUnit, string>> = {
  pct: 'percent',
  bytes: 'bytes',
  'bytes/s': 'bytes per second',
  s: 'seconds',
  count: 'count',
  'count/s': 'per second',
  usd: 'US dollars',
  ratio: 'ratio',
  level: 'level 0 to 3',
  text: 'text',
};

export const unitOf = (name: SignalName): string => unitWords[definitionOf(name).unit];

/** `now 91 % (train-lora)`; empty where no live run has it. */
export const nowWords = (name: SignalName, readings: readonly Reading[]): string => {
  const reading = readings.find(({ signal }) => signal === name);
  return reading === undefined ? '' : `now ${formatSignal(name, reading.value)} (${reading.name})`;
};

export const signalAt = (text: string, offset: number): { name: SignalName; from: number; to: number } | null => {
  const before = /[\w.]*$/.exec(text.slice(0, offset))?.[0].length ?? 0;
  const after = /^[\w.]*/.exec(text.slice(offset))?.[0].length ?? 0;
  const name = text.slice(offset - before, offset + after);
  return isSignalName(name) ? { name, from: offset - before, to: offset + after } : null;
};

export const units: Readonly<Record<string, string>> = {
  s: 'seconds',
  m: 'minutes, in seconds',
  h: 'hours, in seconds',
  d: 'days, in seconds',
  KiB: '1024 bytes',
  MiB: '1024 KiB',
  GiB: '1024 MiB',
};
