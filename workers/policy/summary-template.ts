import {
  definitionOf,
  isLogSignal,
  isSignalName,
  type LogSignal,
  type SignalName,
  type SignalVector,
  signalNames,
} from '#protocol/signals';
import { formatDuration } from './duration.ts';
import { nearestName } from './nearest-name.ts';
import { formatSize } from './size.ts';

export interface SummaryFacts {
  readonly vector: SignalVector;
  readonly jobName: string;
  readonly firingForMs: number;
}

export interface SummaryTemplate {
  /** As its author wrote it. */
  readonly text: string;
  readonly reads: readonly SignalName[];
  render(facts: SummaryFacts): string;
}

const hole = /\{\{\s*([\w.]+)\s*(?:\|\s*([\w.]+)\s*)?\}\}/g;
const otherNames = ['job.name', 'rule.firing_for', 'log.count'] as const;
const filters: Readonly<Record<string, (value: number) => string>> = {
  bytes: formatSize,
  duration: (seconds) => formatDuration(seconds * 1000),
  number: (value) => formatNumber(value),
};

/** The first name or filter in `{{name | filter}}` that does not exist, or null. */
export const findTemplateFlaw = (text: string): { readonly offset: number; readonly message: string } | null => {
  for (const found of text.matchAll(hole)) {
    const [whole, name = '', filter] = found;
    if (!isSignalName(name) && !otherNames.some((other) => other === name)) {
      const near = nearestName(name, [...signalNames, ...otherNames]);
      const hint = near === null ? '' : `. Did you mean ${near}?`;
      return { offset: found.index + whole.indexOf(name), message: `unknown signal "${name}"${hint}` };
    }
    if (filter !== undefined && !Object.hasOwn(filters, filter))
      return {
        offset: found.index + whole.lastIndexOf(filter),
        message: `unknown filter "${filter}", expected one of ${Object.keys(filters).join(', ')}`,
      };
  }
  return null;
};

/** @param logSignal what `log.count` stands for, in a rule that counts lines. */
export const compileSummary = (text: string, logSignal?: LogSignal): SummaryTemplate => {
  const named = (name: string): string => (name === 'log.count' ? (logSignal ?? name) : name);
  const reads = [...text.matchAll(hole)].flatMap(([, name = '']) => signalIn(named(name)) ?? []);
  if (!text.includes('{{')) return { text, reads, render: () => text };
  return {
    text,
    reads,
    render: (facts) => text.replace(hole, (_, name: string, filter?: string) => fill(facts, named(name), filter)),
  };
};

const signalIn = (name: string): SignalName | null => (isSignalName(name) || isLogSignal(name) ? name : null);

const fill = (facts: SummaryFacts, name: string, filter: string | undefined): string => {
  if (name === 'job.name') return facts.jobName;
  if (name === 'rule.firing_for') return formatDuration(facts.firingForMs);
  const signal = signalIn(name);
  const value = signal === null ? undefined : facts.vector[signal];
  if (signal === null || value === undefined) return 'unknown';
  if (typeof value === 'string') return value;
  return (filters[filter ?? filterOf(signal)] ?? formatNumber)(value);
};

const filterOf = (name: SignalName): string => {
  const { unit } = definitionOf(name);
  if (unit === 'bytes') return 'bytes';
  return unit === 's' ? 'duration' : 'number';
};

const formatNumber = (value: number): string => String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 0)));
