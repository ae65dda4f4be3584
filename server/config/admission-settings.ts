import { ConfigProblem } from './config.ts';
import { parseSize } from './quantities.ts';

/** At most `max` live runs that carry the label: with that value, or with each value where none is named. */
export interface LabelLimit {
  readonly key: string;
  readonly value: string | null;
  readonly max: number;
}

/** How many runs may live at once, and what the host must have left before another starts. */
export interface AdmissionSettings {
  /** 0 is without limit. */
  readonly maxConcurrent: number;
  readonly perLabel: readonly LabelLimit[];
  /** null: only runs that ask for it (`run --queue`) wait for memory. */
  readonly minFreeMemBytes: number | null;
  /** Load of one minute, per core; null: only runs that ask for it wait for load. */
  readonly maxLoad: number | null;
}

/** @throws ConfigProblem naming the variable, what it expects and what it got. */
export const readAdmissionSettings = (env: Readonly<Record<string, string | undefined>>): AdmissionSettings => ({
  maxConcurrent: parseCount(env.FLOWFORGE_MAX_CONCURRENT),
  perLabel: (env.FLOWFORGE_MAX_PER_LABEL ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseLabelLimit),
  minFreeMemBytes: parseFreeMemory(env.FLOWFORGE_MIN_FREE_MEM),
  maxLoad: parseLoad(env.FLOWFORGE_MAX_LOAD),
});

const parseCount = (text: string | undefined): number => {
  if (text === undefined) return 0;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new ConfigProblem(
    `FLOWFORGE_MAX_CONCURRENT: expected a number of runs (0 is without limit), got ${JSON.stringify(text)}`,
  );
};

const parseLabelLimit = (text: string): LabelLimit => {
  const [, key, value, max] = /^([^\s=:]+)(?:=([^\s:]+))?:(\d{1,6})$/.exec(text) ?? [];
  if (key !== undefined && Number(max) > 0) return { key, value: value ?? null, max: Number(max) };
  throw new ConfigProblem(
    `FLOWFORGE_MAX_PER_LABEL: expected label:N or label=value:N with N of at least 1, like gpu:1,team=data:4, got ${JSON.stringify(text)}`,
  );
};

const parseFreeMemory = (text: string | undefined): number | null => {
  try {
    return text === undefined ? null : parseSize(text);
  } catch (cause) {
    throw new ConfigProblem(`FLOWFORGE_MIN_FREE_MEM: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
};

const parseLoad = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const load = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : 0;
  if (load > 0) return load;
  throw new ConfigProblem(
    `FLOWFORGE_MAX_LOAD: expected the load of one minute per core, a number above 0 like 1.5, got ${JSON.stringify(text)}`,
  );
};
