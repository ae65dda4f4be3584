export interface DiffLine {
  readonly kind: 'same' | 'came' | 'went';
  readonly text: string;
}

const widest = 2000;

/** The shortest way from one text to the other, line by line; texts beyond the bound are told as replaced. */
export const diffLines = (before: string, after: string): readonly DiffLine[] => {
  const [a, b] = [before.split('\n'), after.split('\n')];
  if (a.length > widest || b.length > widest) return [...a.map(went), ...b.map(came)];
  const lengths = commonLengths(a, b);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if ((lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0)) lines.push(went(a[i++] ?? ''));
    else lines.push(came(b[j++] ?? ''));
  }
  return [...lines, ...a.slice(i).map(went), ...b.slice(j).map(came)];
};

/** Only what changed, with a line of its surroundings. */
export const changedLines = (lines: readonly DiffLine[]): readonly DiffLine[] =>
  lines.filter((_, at) => lines.slice(Math.max(0, at - 1), at + 2).some(({ kind }) => kind !== 'same'));

const went = (text: string): DiffLine => ({ kind: 'went', text });
const came = (text: string): DiffLine => ({ kind: 'came', text });

const commonLengths = (a: readonly string[], b: readonly string[]): readonly Uint16Array[] => {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [row, below] = [lengths[i], lengths[i + 1]];
      if (row === undefined || below === undefined) continue;
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
};
