import { createRequire } from 'node:module';
import type { LineMatches } from '#protocol/observations';
import type { Redactor } from '#redaction/redact';
import { maxLineBytes } from './open-line.ts';
import { sampleOf, withoutEscapes } from './text-sample.ts';

const require = createRequire(import.meta.url);
/** Loaded with the first pattern: most policies have none, and each thread would hold its tables of Unicode. */
const loadEngine = (): typeof import('re2js') => require('re2js');

type Engine = import('re2js').RE2JS;

interface Pattern {
  readonly text: string;
  readonly engine: Engine;
}

/** The patterns of one policy, ready to be looked for. */
export type LinePatterns = readonly Pattern[];

const engines = new Map<string, Engine | null>();
const mostEngines = 500;

/** Compiled once, however many runs follow the policy. One that cannot be is left out: detection says what is wrong with its policy. */
export const compileLinePatterns = (texts: readonly string[]): LinePatterns =>
  texts.flatMap((text) => {
    const engine = engineOf(text);
    return engine === null ? [] : [{ text, engine }];
  });

const engineOf = (text: string): Engine | null => {
  const known = engines.get(text);
  if (known !== undefined) return known;
  if (engines.size >= mostEngines) engines.clear();
  const engine = compile(text);
  engines.set(text, engine);
  return engine;
};

const compile = (text: string): Engine | null => {
  const { RE2JS, RE2JSException } = loadEngine();
  try {
    return RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return null; // the policy was written for another version, or was never checked
  }
};

interface Counted {
  readonly times: { readonly atMs: number; count: number }[];
  last: Buffer;
}

const keptBytes = 1024;
const noMatches: readonly LineMatches[] = [];

/** Counts, of one run, the lines that fit a pattern. Of their text only one sample leaves it, redacted. */
export class LineMatcher {
  readonly #redact: Redactor;
  #patterns: LinePatterns;
  #counted = new Map<string, Counted>();

  constructor(patterns: LinePatterns, redact: Redactor) {
    this.#patterns = patterns;
    this.#redact = redact;
  }

  get isIdle(): boolean {
    return this.#patterns.length === 0;
  }

  /** From the next line on. What was counted and not taken yet stays. */
  use(patterns: LinePatterns): void {
    this.#patterns = patterns;
  }

  see(line: Buffer, atMs: number): void {
    const text = withoutEscapes(line.toString('utf8', 0, maxLineBytes));
    for (const { text: pattern, engine } of this.#patterns) if (engine.test(text)) this.#count(pattern, line, atMs);
  }

  take(): readonly LineMatches[] {
    if (this.#counted.size === 0) return noMatches;
    const taken = Array.from(this.#counted, ([pattern, { times, last }]) => ({
      pattern,
      times,
      sample: sampleOf(this.#redact, last),
    }));
    this.#counted = new Map();
    return taken;
  }

  #count(pattern: string, line: Buffer, atMs: number): void {
    const last = Buffer.from(line.subarray(0, keptBytes));
    const counted = this.#counted.get(pattern);
    if (counted === undefined) {
      this.#counted.set(pattern, { times: [{ atMs, count: 1 }], last });
      return;
    }
    counted.last = last;
    const newest = counted.times.at(-1);
    if (newest?.atMs === atMs) newest.count++;
    else counted.times.push({ atMs, count: 1 });
  }
}
