import type { Redactor } from '#redaction/redact';
import { cutToBytes, maxSampleBytes } from '../text-sample.ts';
import { hash53 } from './hash53.ts';
import { stripAnsi } from './mask-volatile.ts';

const redactedChars = 2_048;
const idChars = 120;

/** What a person may see of a text: redacted before it is cut, for half a secret is not recognised as one. */
export const createSampler =
  (redact: Redactor) =>
  (text: string): string =>
    cutToBytes(redact.text(stripAnsi(text.slice(0, redactedChars)).trim()), maxSampleBytes);

/** A stranger's id as it is kept: as it came, unless it is too long to be one. */
export const keepId = (id: string): string => (id.length <= idChars ? id : `#${hash53(id).toString(36)}`);
