import type { SignalName } from '#protocol/signals';

/** How high the signals of one healthy run stood for as long as the rule would ask. */
export interface RunPeaks {
  readonly name: string;
  readonly peaks: Readonly<Partial<Record<SignalName, number>>>;
}

export interface Suggestion {
  readonly signal: SignalName;
  readonly threshold: number;
  /** As it stands in a condition, with its unit: `420*MiB`. */
  readonly written: string;
  readonly runs: number;
  readonly highest: number;
  readonly highestRun: string;
  /** Runs that a threshold from all the others would have alarmed on. */
  readonly falseAlarms: number;
  /** With 95 % confidence the share of healthy runs that it alarms on is below this. */
  readonly atMost: number;
}

export const suggestedDwellMs = 10_000;
/** Above the highest of all healthy runs, so that the next one may be a little higher. */
const margin = 1.25;
const fewestRuns = 3;

/** What healthy runs differ in, and what goes up without bound when one loses its way. */
export const suggestedSignals = [
  'cpu.pct_10s',
  'mem.rss',
  'procs.count',
  'disk.written_10m',
  'output.line_rate',
  'progress.age',
  'tools.repeats',
  'tools.error_streak',
  'cost.usd',
  'cost.usd_10m',
] as const satisfies readonly SignalName[];

/** One threshold for each signal that enough runs have; none for what stayed at zero. */
export const suggestThresholds = (runs: readonly RunPeaks[]): readonly Suggestion[] =>
  suggestedSignals.flatMap((signal) => {
    const seen = runs.flatMap(({ name, peaks }) => {
      const peak = peaks[signal];
      return peak === undefined ? [] : [{ name, peak }];
    });
    const sorted = [...seen].sort((a, b) => b.peak - a.peak);
    const [highest, second] = sorted;
    if (highest === undefined || second === undefined || sorted.length < fewestRuns || highest.peak <= 0) return [];
    // Only the highest run can be above what the others ask for.
    const falseAlarms = highest.peak > roundUp(signal, second.peak * margin).value ? 1 : 0;
    const { value, written } = roundUp(signal, highest.peak * margin);
    return [
      {
        signal,
        threshold: value,
        written,
        runs: sorted.length,
        highest: highest.peak,
        highestRun: highest.name,
        falseAlarms,
        atMost: upperBound(falseAlarms, sorted.length),
      },
    ];
  });

const sizes = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

/** Two digits are all that a handful of runs can tell. */
const roundUp = (signal: SignalName, value: number): { readonly value: number; readonly written: string } => {
  const isBytes = signal === 'mem.rss' || signal === 'disk.written_10m';
  const [unit, scale] = (isBytes ? sizes.find(([, size]) => value >= size) : undefined) ?? ['', 1];
  const inUnit = value / scale;
  const step = 10 ** (Math.floor(Math.log10(inUnit)) - 1);
  const isCount = signal.startsWith('tools.') || signal === 'procs.count';
  const rounded = isCount ? Math.ceil(inUnit) : Number((Math.ceil(inUnit / step - 1e-9) * step).toPrecision(2));
  return { value: rounded * scale, written: unit === '' ? String(rounded) : `${rounded}*${unit}` };
};

const confidence = 0.95;

/** Clopper and Pearson's: the largest share at which this few in so many would still happen in one of twenty cases. */
const upperBound = (hits: number, of: number): number => {
  if (hits >= of) return 1;
  let [low, high] = [hits / of, 1];
  for (let round = 0; round < 50; round++) {
    const share = (low + high) / 2;
    if (atMostHits(hits, { of, share }) > 1 - confidence) low = share;
    else high = share;
  }
  return high;
};

const atMostHits = (hits: number, { of, share }: { readonly of: number; readonly share: number }): number => {
  let term = (1 - share) ** of;
  let sum = term;
  for (let hit = 1; hit <= hits; hit++) {
    term *= ((of - hit + 1) / hit) * (share / (1 - share));
    sum += term;
  }
  return sum;
};

/** A policy of its own, in shadow: it passes `policy check`, and what is not wanted can be taken out line by line. */
export const toPolicyYaml = (
  suggestions: readonly Suggestion[],
  from: { readonly runs: number; readonly atMs: number },
): string =>
  [
    `# Suggested from ${from.runs} healthy runs on ${new Date(from.atMs).toISOString().slice(0, 10)}. What healthy runs never did is not yet wrong:`,
    '# let it watch in shadow, then `flowforge policy backtest` and `flowforge policy promote`.',
    'apiVersion: flowforge/v1',
    'kind: Policy',
    'metadata: { name: suggested }',
    'rollout: { mode: shadow }',
    'rules:',
    ...suggestions.flatMap((one) => [
      `  # highest of ${one.runs} runs: ${plain(one.highest)} (${one.highestRun.replaceAll(/[^\w .:-]/g, '?')}); judged by the others, ${one.falseAlarms} of ${one.runs} would alarm; at most ${(one.atMost * 100).toFixed(0)} % of runs (95 % sure)`,
      `  - id: unusual-${one.signal.replaceAll(/[._]/g, '-')}`,
      `    summary: "${one.signal} is {{${one.signal}}}, more than in any healthy run"`,
      `    when: ${one.signal} > ${one.written}`,
      `    for: ${suggestedDwellMs / 1000}s`,
      '    action: alert',
    ]),
    '',
  ].join('\n');

const plain = (value: number): string => String(Number(value.toPrecision(3)));
