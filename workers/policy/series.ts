/** One value for each interval; null where the signal is absent. */
export type Series = readonly (number | string | null)[];

export type SeriesResult =
  | { readonly kind: 'read'; readonly series: Series }
  | { readonly kind: 'refused'; readonly message: string };

const mostSamples = 20_000;
const number = String.raw`-?\d+(?:\.\d+)?(?:e-?\d+)?`;
const stepped = new RegExp(`^(${number})([+-]\\d+(?:\\.\\d+)?)x(\\d+)$`);
const repeated = new RegExp(`^(${number})x(\\d+)$`);
const plain = new RegExp(`^${number}$`);

/**
 * The notation of Prometheus: `a+bxN` is a, a+b, … a+N*b; `axN` is a and N more of it; `_` and `_xN` are gaps. Texts
 * are written as they are: `working`, `needs_inputx30`.
 */
export const parseSeries = (text: string): SeriesResult => {
  const series: (number | string | null)[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const values = valuesOf(word);
    if (values === null)
      return {
        kind: 'refused',
        message: `expected values such as 1 2 3, 0+5x10, 99x60 or _x3, got ${JSON.stringify(word)}`,
      };
    if (series.length + values.length > mostSamples)
      return { kind: 'refused', message: `a series has at most ${mostSamples} values` };
    series.push(...values);
  }
  return { kind: 'read', series };
};

const valuesOf = (word: string): Series | null => {
  const [, start, step, times] = stepped.exec(word) ?? [];
  if (start !== undefined) return fill(Number(times) + 1, (index) => Number(start) + index * Number(step));
  const [, value, more] = repeated.exec(word) ?? [];
  if (value !== undefined) return fill(Number(more) + 1, () => Number(value));
  if (plain.test(word)) return [Number(word)];
  const [, gap, gaps] = /^(_)(?:x(\d+))?$/.exec(word) ?? [];
  if (gap !== undefined) return fill(Number(gaps ?? 1), () => null);
  const [, name, again] = /^([A-Za-z_-]*[A-Za-wyz_-])(?:x(\d+))?$/.exec(word) ?? [];
  return name === undefined ? null : fill(Number(again ?? 0) + 1, () => name);
};

const fill = (length: number, value: (index: number) => number | string | null): Series =>
  Array.from({ length: Math.min(length, mostSamples + 1) }, (_, index) => value(index));
