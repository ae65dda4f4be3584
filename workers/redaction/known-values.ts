const shortestSecret = 8;

/**
 * Every way a known secret may be written: as it is, escaped in JSON, encoded for a URL, in hex, and inside base64 at
 * each of the three places it can have among the bytes around it. A value of several lines counts line by line too,
 * because output is redacted by the line. Longest first, so that no form leaves the rest of a longer one behind.
 */
export const formsOf = (values: readonly string[]): readonly string[] => {
  const whole = values.flatMap((value) => [value, ...value.split(/\r?\n/).filter((line) => line.length >= 16)]);
  const forms = whole.filter((value) => value.length >= shortestSecret).flatMap(writingsOf);
  return [...new Set(forms)].filter((form) => form.length >= shortestSecret).sort((a, b) => b.length - a.length);
};

const writingsOf = (value: string): readonly string[] => {
  const escaped = JSON.stringify(value).slice(1, -1);
  const encoded = encodeUri(value);
  const bytes = Buffer.from(value);
  return [
    value,
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    encoded,
    new URLSearchParams({ v: value }).toString().slice(2),
    encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((shift) => base64At(bytes, shift)),
  ];
};

/** A lone surrogate has no URL encoding, and a value holding one is no URL's secret. */
const encodeUri = (value: string): string => (/\p{Surrogate}/u.test(value) ? value : encodeURIComponent(value));

/** The characters of base64 that depend on the secret alone, when `shift` bytes of something else stand before it in its group. */
const base64At = (bytes: Buffer, shift: number): readonly string[] => {
  const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
  const wholeBits = padded.length * 8;
  const from = Math.ceil((shift * 8) / 6);
  const to = Math.floor(wholeBits / 6);
  const core = padded.toString('base64').slice(from, to);
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
};
