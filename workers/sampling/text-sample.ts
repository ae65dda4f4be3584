import type { Redactor } from '#redaction/redact';

/** Longest text of a line that leaves sampling. */
export const maxSampleBytes = 200;
// Read further than is shown, so that a secret is whole when the redactor sees it.
const readBytes = 1024;
const esc = String.fromCharCode(27);
const bell = String.fromCharCode(7);
const escapes = new RegExp(`${esc}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\)?|[()].)`, 'g');
const controls = /[^\P{Cc}\t]/gu;

/** What a person sees of a line: no control sequences, no secrets, at most 200 bytes. */
export const sampleOf = (redactor: Redactor, line: Buffer): string => {
  const text = withoutEscapes(line.toString('utf8', 0, readBytes))
    .replace(controls, '')
    .trim();
  return cutToBytes(redactor.text(text), maxSampleBytes);
};

/** Colours and the like left out, so that a text is found however it is painted. */
export const withoutEscapes = (text: string): string => (text.includes(esc) ? text.replace(escapes, '') : text);

/** At most `limit` bytes of a text, and nothing else of it kept alive: a piece of a string holds all that it was cut from. */
export const cutToBytes = (text: string, limit: number): string => {
  if (Buffer.byteLength(text) <= limit) return ownCopy(text);
  let end = Math.min(text.length, limit - 3);
  while (Buffer.byteLength(text.slice(0, end)) > limit - 3) end--;
  return ownCopy(`${text.slice(0, end).replace(/[\ud800-\udbff]$/, '')}…`);
};

const ownCopy = (text: string): string => Buffer.from(text).toString();
