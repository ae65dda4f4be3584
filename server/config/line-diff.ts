const longest = 8_000;
/** Beyond this many lines on a side the table of a full comparison is not worth its memory. */
const mostLines = 2_000;

/** What went and what came, line by line, with the number of the line; unchanged lines are left out. */
export const lineDiff = (before: string, after: string): string => {
  if (before === after) return '';
  const [a, b] = [before.split('\n'), after.split('\n')];
  if (a.length > mostLines || b.length > mostLines) return `${a.length} lines before, ${b.length} after`;
  const lines = compare(a, b);
  const text = lines.join('\n');
  return text.length <= longest ? text : `${text.slice(0, longest)}\n… ${lines.length} lines in all`;
};

const compare = (a: readonly string[], b: readonly string[]): readonly string[] => {
  const common = commonLengths(a, b);
  const at = (i: number, j: number): number => common[i * (b.length + 1) + j] ?? 0;
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) lines.push(`-${++i}: ${a[i - 1]}`);
    else lines.push(`+${++j}: ${b[j - 1]}`);
  }
  return lines;
};

/** Longest common subsequence of each pair of tails. */
const commonLengths = (a: readonly string[], b: readonly string[]): Uint16Array => {
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] =
        a[i] === b[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
  return table;
};
