/** What is wrong with a policy, at the place where its author can put it right. Lines and columns count from 1. */
export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** What was expected and what came, with the nearest known name where there is one. */
  readonly message: string;
  /** The line itself, cut to what fits a terminal, and a second line with the caret under it. */
  readonly excerpt: string;
  readonly caret: string;
}

const widest = 160;

export const problemAt = (
  source: { readonly path: string; readonly text: string },
  place: { readonly offset: number; readonly message: string },
): Problem => {
  const offset = Math.min(Math.max(place.offset, 0), source.text.length);
  const lineStart = source.text.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = source.text.indexOf('\n', lineStart);
  const line = countLines(source.text, lineStart);
  const cutFrom = Math.max(0, offset - lineStart - widest / 2);
  const whole = source.text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
  const excerpt = whole
    .slice(cutFrom, cutFrom + widest)
    .replaceAll('\t', ' ')
    .trimEnd();
  const column = offset - lineStart + 1;
  const caret = `${' '.repeat(column - 1 - cutFrom)}^`;
  return { path: source.path, line, column, message: place.message, excerpt, caret };
};

const countLines = (text: string, end: number): number => {
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
};

/** `policies/standard.yaml:14:11: unknown signal …`, then the line and the caret. */
export const formatProblem = (problem: Problem): string =>
  [
    `${problem.path}:${problem.line}:${problem.column}: ${problem.message}`,
    `  ${problem.excerpt}`,
    `  ${problem.caret}`,
  ].join('\n');

/** Thrown where a policy is needed and this one cannot be used. */
export class PolicyProblem extends Error {
  override readonly name = 'PolicyProblem';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options: { readonly cause?: unknown } = {}) {
    super(problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }
}
