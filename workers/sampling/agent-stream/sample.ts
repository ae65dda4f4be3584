import type { Redactor } from '#redaction/redact';
import { hash53 } from './hash53.ts';
import { stripAnsi } from './mask-volatile.ts';

const sampleBytes = 200;
const redactedChars = 2_048;
const idChars = 120;

/** What a person may see of a text: redacted before it is cut, for half a secret is not recognised as one. */
export const createSampler =
  (redact: Redactor) =>
  (text: string): string =>
    cutToBytes(redact.text(stripAnsi(text.slice(0, redactedChars)).trim()), sampleBytes);

/** A stranger's id as it is kept: as it came, unless it is too long to be one. */
export const keepId = (id: string): string => (id.length <= idChars ? id : `#${hash53(id).toString(36)}`);

const cutToBytes = (text: string, limit: number): string => {
  if (Buffer.byteLength(text) <= limit) return text;
  let cut = text.slice(0, limit);
  while (Buffer.byteLength(cut) > limit - 3) cut = cut.slice(0, -1);
  return `${cut.replace(/[\uD800-\uDBFF]$/, '')}…`;
};
