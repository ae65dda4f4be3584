import { hash53 } from './hash53.ts';
import { canonicalJson, isRecord, type JsonRecord } from './json-record.ts';

// Arguments that differ from call to call without changing what is asked: bookkeeping, nonces, reasons given.
const bookkeeping =
  /^(?:task_progress|nonce|cache_?bust(?:er)?|_?timestamp|ts|uuid|(?:request|trace|span|correlation|tool_?use|tool_?call|call|idempotency)_?(?:id|key)|explanation|reason|reasoning|thought|thoughts|justification|security_risk|tool_?explanation)$/i;

// Parameters of an address that are there to get past a cache, whatever their value; and those that may be the time,
// where their value is one.
const cacheBusters =
  /(?<=[?&])(?:(?:_|_?cb|_?dc|cache_?bust(?:er)?|no_?cache|bust(?:er)?|nonce|rnd|rand(?:om)?)=[^&#\s"'`]*|(?:_?ts?|v|r|time|timestamp)=\d{9,}(?:\.\d+)?)(?=[&#\s"'`\\]|$)/gi;

/** One hash for one request: keys in order at every level, bookkeeping arguments left out. */
export const hashCall = (tool: string, args: unknown): number => hash53(`${tool} ${canonicalCall(args)}`);

/** Arguments as they are meant: some streams carry them as JSON text. */
export const argumentsOf = (args: unknown): unknown =>
  typeof args === 'string' ? (fromText(args) ?? args.trim()) : args;

const canonicalCall = (given: unknown): string => {
  // A shell call's description is prose about the command, not part of it.
  const describes = isRecord(given) && typeof given.command === 'string';
  const text = canonicalJson(given, (key) => !bookkeeping.test(key) && !(describes && key === 'description'));
  return text.includes('?') ? text.replace(cacheBusters, '<any>') : text;
};

const fromText = (text: string): JsonRecord | null => {
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null; // a call whose JSON is broken is still a call: its text stands for it
  }
};

/** What a person sees of a call; redacted and cut by the writer. */
export const describeCall = (tool: string, args: unknown): string => {
  if (isRecord(args) && typeof args.command === 'string') return `${tool}: ${args.command}`;
  const text = typeof args === 'string' ? args : canonicalJson(args).slice(0, 400);
  return text === '' || text === '{}' ? tool : `${tool} ${text}`;
};
