/** A number in the output whose improvement is progress. */
export interface TrackedMetric {
  readonly name: string;
  readonly better: 'lower' | 'higher';
}

/** Where `--track` is kept with a run: `loss:lower,accuracy:higher`. */
export const trackLabel = 'flowforge.track';

/** `loss`, `loss:lower`, `accuracy:higher`, several with commas between them; null where it is none of that. */
export const parseTracked = (text: string): readonly TrackedMetric[] | null => {
  const metrics = text.split(',').map(parseOne);
  return metrics.some((metric) => metric === null) ? null : metrics.filter((metric) => metric !== null);
};

const parseOne = (text: string): TrackedMetric | null => {
  const [, name, better] = /^([A-Za-z][\w./-]{0,59})(?::(lower|higher))?$/.exec(text.trim()) ?? [];
  if (name === undefined) return null;
  return { name, better: better === 'lower' || better === 'higher' ? better : usuallyBetter(name) };
};

const shrinks = /loss|err|cost|time|latency|perplexity|ppl|mse|mae|wer|cer|fail|miss|left|remaining/i;
const usuallyBetter = (name: string): TrackedMetric['better'] => (shrinks.test(name) ? 'lower' : 'higher');

/** Remembers the best value of each metric; what it answers says what became better, and is null where nothing did. */
export interface BestValues {
  /** From a line of output that names a tracked metric. */
  printed(line: string): string | null;
  /** From what a program told us itself: `loss:0.41`, or `loss:0.41:lower`. */
  told(text: string): string | null;
}

// A program that names another metric each time tracks nothing.
const metricsAtMost = 32;

export const createBestValues = (tracked: readonly TrackedMetric[]): BestValues => {
  const best = new Map<string, number>();
  const patterns = tracked.map((metric) => ({ metric, pattern: patternOf(metric.name) }));

  const note = ({ name, better }: TrackedMetric, value: number): string | null => {
    const before = best.get(name);
    const isBetter = before !== undefined && (better === 'lower' ? value < before : value > before);
    if (before === undefined && best.size >= metricsAtMost) return null;
    if (before === undefined || isBetter) best.set(name, value);
    return isBetter ? `${name} ${value}, best so far` : null;
  };

  return {
    printed: (line) => {
      for (const { metric, pattern } of patterns) {
        const value = Number(pattern.exec(line)?.[1] ?? Number.NaN);
        const improved = Number.isFinite(value) ? note(metric, value) : null;
        if (improved !== null) return improved;
      }
      return null;
    },
    told: (text) => {
      const [, name = '', number, better] =
        /^([A-Za-z][\w./-]{0,59}):([^:\s]{1,40})(?::(lower|higher))?$/.exec(text) ?? [];
      const value = Number(number ?? Number.NaN);
      if (name === '' || !Number.isFinite(value)) return null;
      const known = tracked.find((metric) => metric.name === name);
      const asTold = better === 'lower' || better === 'higher' ? better : usuallyBetter(name);
      return note(known ?? { name, better: asTold }, value);
    },
  };
};

// `loss=0.41`, `loss: 0.41`, `"loss": 0.41`, `loss 0.41`; not `closs=0.41`.
const patternOf = (name: string): RegExp =>
  new RegExp(
    `(?<![\\w.])${name.replace(/[.]/g, '\\.')}["']?\\s{0,3}[=:]?\\s{0,3}(-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)`,
  );
