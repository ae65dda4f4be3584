/** Replaces secrets in text, argv and environment before anything is journalled, stored, logged or shown. */
export interface Redactor {
  text(text: string): string;
  argv(argv: readonly string[]): readonly string[];
}

const mask = '[redacted]';

/** @param values secrets known by value (for example from the job's environment); those under 8 characters are ignored. */
export const createRedactor = (values: readonly string[] = []): Redactor => {
  const known = values.filter((value) => value.length >= 8);
  const text = (raw: string): string => known.reduce((seen, value) => seen.replaceAll(value, mask), raw);
  return { text, argv: (argv) => argv.map(text) };
};
