// What differs from one run of the same call to the next and says nothing about the work. Plain numbers stay: "line 7"
// and "line 8" are progress.
const volatile: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b/g, '<time>'],
  [/\b1[5-9]\d{8}(?:\d{3})?\b/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b/g, '<hex>'],
  [/\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s|secs?|seconds?|mins?|minutes?|hours?)\b/g, '<duration>'],
  [
    /"(?:\w*(?:Id|_id|ID)|id|uuid|pid|nonce|etag|ts|time|timestamp|(?:duration|elapsed)\w*|created_?[aA]t|updated_?[aA]t)"\s*:\s*(?:"[^"]*"|[\d.]+)/g,
    '"<id>"',
  ],
  [/\b(?:pid|process id|session|request|attempt|retry|trace|span)(?:[ _-]?id)?\s*[ :=#]\s*[\w-]*\d[\w-]*/gi, '<id>'],
  [
    /\b(?:sess(?:ion)?|req(?:uest)?|run|msg|message|om|call|toolu|trace|span|conn|evt|resp)[_-][A-Za-z0-9-]*\d[A-Za-z0-9-]*/g,
    '<id>',
  ],
  [/\/tmp\/(?:tmp\w{6,}|[\w-]*\d{4,}[\w.-]*)/g, '<tmp>'],
];

/** What `maskVolatile` leaves out, in words for the evidence. */
export const maskedKinds = [
  'times',
  'durations',
  'uuids',
  'hex ids',
  'process, session and request ids',
  'temporary paths',
] as const;

/** Built, not written as a literal, so that no control character stands in the source. */
const ansi = new RegExp(
  `${String.fromCharCode(27)}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${String.fromCharCode(7)}]*${String.fromCharCode(7)}|[@-Z\\\\-_])`,
  'g',
);
const escapeCode = String.fromCharCode(27);

export const stripAnsi = (text: string): string => (text.includes(escapeCode) ? text.replace(ansi, '') : text);

/** Text as it is compared: escape codes gone, volatile parts masked, blanks at the ends dropped. */
export const maskVolatile = (text: string): string => {
  const plain = stripAnsi(text).trim();
  if (!/\d/.test(plain)) return plain;
  return volatile.reduce((seen, [pattern, name]) => seen.replace(pattern, name), plain);
};

/** Every number masked as well: equal shapes are the same kind of thing, not the same thing. */
export const maskNumbers = (text: string): string => maskVolatile(text).replace(/\d+/g, '<n>');
