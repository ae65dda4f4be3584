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
  const text = line.toString('utf8', 0, readBytes).replace(escapes, '').replace(controls, '').trim();
  return cutToBytes(redactor.text(text), maxSampleBytes);
};

const cutToBytes = (text: string, limit: number): string => {
  if (Buffer.byteLength(text) <= limit) return text;
  let end = Math.min(text.length, limit - 3);
  while (Buffer.byteLength(text.slice(0, end)) > limit - 3) end--;
  return `${text.slice(0, end).replace(/[\ud800-\udbff]$/, '')}…`;
};
