import { formsOf } from './known-values.ts';
import { maskPairs, maskTokenShapes, maskUrlCredentials } from './secret-shapes.ts';

/** Replaces secrets in text, argv and environment before anything is journalled, stored, logged or shown. */
export interface Redactor {
  text(text: string): string;
  argv(argv: readonly string[]): readonly string[];
}

export const mask = '[redacted]';

/** @param values secrets known by value (for example from the job's environment); those under 8 characters are ignored. */
export const createRedactor = (values: readonly string[] = []): Redactor => {
  const known = formsOf(values);
  const hideKnown = (raw: string): string => known.reduce((seen, form) => seen.replaceAll(form, mask), raw);
  // Addresses once more at the end: the end of one may have been hidden as the value of a pair, and what is left is one too.
  const text = (raw: string): string =>
    maskUrlCredentials(maskPairs(maskUrlCredentials(maskTokenShapes(hideKnown(raw)))));
  return {
    text,
    argv: (argv) =>
      argv.map((word, index) => (isSecretOperand(argv[index - 1] ?? '', word) ? mask : text(maskOption(word)))),
  };
};

const secretOption =
  /^--?[a-z0-9_-]{0,60}?(?:api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|token|secret|password|passwd|passphrase|credentials?)$/i;

/** `--token X`: the X. `-u name:password`, as curl takes it, too. */
const isSecretOperand = (option: string, word: string): boolean => {
  if (secretOption.test(option)) return !word.startsWith('-') || word.length > 20;
  return (option === '-u' || option === '--user') && /^[^:\s]+:[^:\s]+$/.test(word);
};

const maskOption = (word: string): string => {
  const equals = word.indexOf('=');
  return equals > 0 && secretOption.test(word.slice(0, equals)) ? `${word.slice(0, equals)}=${mask}` : word;
};

/**
 * For a log, line by line: knows that it is inside a private key, which no single line of the key shows. The block is
 * over at its END line, or after so many lines that it cannot be a key.
 */
export const createLineRedactor = (redactor: Redactor): ((line: string) => string) =>
  createResumedRedactor(redactor, 0).hide;

/** The same for a log that is read in parts. @param keyLinesLeft where the part before ended; 0 at the beginning. */
export const createResumedRedactor = (
  redactor: Redactor,
  keyLinesLeft: number,
): { hide(line: string): string; keyLinesLeft(): number } => {
  let linesLeft = keyLinesLeft;
  return {
    keyLinesLeft: () => linesLeft,
    hide: (line) => {
      if (linesLeft > 0) {
        linesLeft = /-----END [A-Z0-9 ]{0,40}-----/.test(line) ? 0 : linesLeft - 1;
        return mask;
      }
      if (/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/.test(line) && !line.includes('-----END '))
        linesLeft = longestKeyLines;
      return redactor.text(line);
    },
  };
};

const longestKeyLines = 200;
