/** Longest pattern that is accepted, and how many unbounded quantifiers it may have. */
const bounds = { length: 200, unbounded: 3 } as const;

interface Group {
  quantified: boolean;
  alternates: boolean;
}

/**
 * Says why a pattern cannot be searched for in time linear in the text, or null when it can. Node's engine backtracks,
 * so everything that makes it do so without end is refused: look-around, back-references, quantifiers over groups
 * that hold quantifiers or alternatives.
 */
export const refusePattern = (pattern: string): string | null => {
  if (pattern.length > bounds.length)
    return `a pattern has at most ${bounds.length} characters, this has ${pattern.length}`;
  const structural = findBacktracking(pattern);
  if (structural !== null) return structural;
  try {
    toRegExp(pattern);
    return null;
  } catch (error) {
    return `not a regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
};

/** A leading `(?i)` means: ignore case. */
export const toRegExp = (pattern: string): RegExp =>
  pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'iu') : new RegExp(pattern, 'u');

const findBacktracking = (pattern: string): string | null => {
  const groups: Group[] = [{ quantified: false, alternates: false }];
  let unbounded = 0;
  let closed: Group | null = null;
  for (let index = pattern.startsWith('(?i)') ? 4 : 0; index < pattern.length; index++) {
    const rest = pattern.slice(index, index + 12);
    const justClosed: Group | null = closed;
    closed = null;
    if (/^\\([1-9]|k<)/.test(rest)) return 'back-references are not allowed: they cannot be matched in linear time';
    if (/^\(\?(<?[=!])/.test(rest))
      return 'look-ahead and look-behind are not allowed: they cannot be matched in linear time';
    const char = pattern[index];
    if (char === '\\') index++;
    else if (char === '[') index = endOfClass(pattern, index);
    else if (char === '(') groups.push({ quantified: false, alternates: false });
    else if (char === '|') markLast(groups, 'alternates');
    else if (char === ')') closed = groups.pop() ?? null;
    // `(a?)*` chooses as well; the question mark of `(?:` does not.
    if (char === '?' && pattern[index - 1] !== '(') markLast(groups, 'alternates');
    const quantifier = /^([*+]|\{\d+(,\d*)?\})/.exec(rest)?.[0];
    if (closed !== null) {
      // What a group holds counts for the group around it too.
      if (closed.quantified) markLast(groups, 'quantified');
      if (closed.alternates) markLast(groups, 'alternates');
    }
    if (quantifier === undefined || char === '\\') continue;
    if (justClosed !== null && (justClosed.quantified || justClosed.alternates) && !isSmall(quantifier))
      return `nested quantifier: "${quantifier}" repeats a group that itself repeats or chooses, which can take exponential time`;
    if (!isSmall(quantifier)) unbounded++;
    markLast(groups, 'quantified');
    index += quantifier.length - 1;
  }
  return unbounded > bounds.unbounded
    ? `at most ${bounds.unbounded} unbounded quantifiers, this has ${unbounded}`
    : null;
};

const markLast = (groups: readonly Group[], what: keyof Group): void => {
  const last = groups.at(-1);
  if (last !== undefined) last[what] = true;
};

const endOfClass = (pattern: string, from: number): number => {
  for (let index = from + 1; index < pattern.length; index++) {
    if (pattern[index] === '\\') index++;
    else if (pattern[index] === ']') return index;
  }
  return pattern.length;
};

const isSmall = (quantifier: string): boolean =>
  /^\{\d{1,2}\}$/.test(quantifier) && Number(quantifier.slice(1, -1)) <= 1;
