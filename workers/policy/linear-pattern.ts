import { createRequire } from 'node:module';
import type { RE2JSSyntaxException } from 're2js';

const require = createRequire(import.meta.url);
/** Loaded with the first pattern: most policies have none, and each thread would hold its tables of Unicode. */
const loadEngine = (): typeof import('re2js') => require('re2js');

/** A pattern in the syntax of RE2, searched for in time linear in the text. */
export interface LinearPattern {
  test(text: string): boolean;
}

export type PatternResult =
  | { readonly kind: 'compiled'; readonly pattern: LinearPattern }
  /** `offset` counts characters of the pattern. */
  | { readonly kind: 'refused'; readonly offset: number; readonly message: string };

// A line costs its length times the steps of the pattern in the worst case: both are bounded.
const bounds = { length: 200, steps: 500 } as const;

/** The patterns of `log_match` and of `flowforge logs --grep`. */
export const compilePattern = (text: string): PatternResult => {
  if (text === '') return refuse(0, 'the pattern is empty: it would fit every line');
  if (text.length > bounds.length)
    return refuse(bounds.length, `a pattern has at most ${bounds.length} characters, this has ${text.length}`);
  const steps = countSteps(text);
  if (steps > bounds.steps)
    return refuse(0, `the pattern unfolds to about ${steps} steps, at most ${bounds.steps} are allowed: repeat less`);
  const engine = loadEngine();
  try {
    return { kind: 'compiled', pattern: engine.RE2JS.compile(text) };
  } catch (error) {
    if (!(error instanceof engine.RE2JSSyntaxException)) throw error;
    return explain(text, error);
  }
};

const refuse = (offset: number, message: string): PatternResult => ({ kind: 'refused', offset, message });

const quantifier = /^\{\d+(,\d*)?\}/;

/** How many single characters a pattern stands for once `{2,30}` is written out: the engine does so, and needs as long as that. */
const countSteps = (pattern: string): number => {
  const open: number[] = [];
  let [sum, last] = [0, 0];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    const repeat = char === '{' ? quantifier.exec(pattern.slice(at, at + 12)) : null;
    if (char === '(') {
      open.push(sum);
      [sum, last] = [0, 0];
    } else if (char === ')') {
      last = sum;
      sum += open.pop() ?? 0;
    } else if (repeat !== null) {
      const times = Math.max(...(repeat[0].match(/\d+/g) ?? []).map(Number), 1);
      sum += last * (times - 1);
      last *= times;
      at += repeat[0].length - 1;
    } else if (pattern.startsWith('\\Q', at)) {
      const end = pattern.indexOf('\\E', at);
      sum += pattern.length - at;
      last = 1;
      at = end === -1 ? pattern.length : end + 1;
    } else if (char !== '*' && char !== '+' && char !== '?') {
      last = 1;
      sum++;
      if (char === '\\') at++;
      if (char === '[') at = endOfClass(pattern, at);
    }
  }
  return open.reduce((all, one) => all + one, sum);
};

const endOfClass = (pattern: string, from: number): number => {
  // A bracket that stands first is one of its characters.
  const first = pattern.startsWith('[^', from) ? from + 2 : from + 1;
  for (let at = first + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']') return at;
  }
  return pattern.length;
};

const explain = (text: string, error: RE2JSSyntaxException): PatternResult => {
  // The engine names the piece it stumbled over, not where it stands.
  const piece = error.getPattern() ?? '';
  const offset = Math.max(0, text.indexOf(piece));
  const looks = /\(\?<?[=!]/.exec(text.slice(offset));
  if (looks?.index === 0)
    return refuse(offset, 'look-ahead and look-behind are not allowed: they cannot be matched in linear time');
  if (/^\\([1-9]|k)/.test(piece))
    return refuse(offset, 'back-references are not allowed: they cannot be matched in linear time');
  return refuse(offset, `not a pattern of RE2: ${error.getDescription()}${piece === '' ? '' : `: ${piece}`}`);
};
