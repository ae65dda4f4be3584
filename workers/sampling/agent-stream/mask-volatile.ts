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
    /"(?:\w*(?:Id|_id|ID)|id|uuid|pid|nonce|etag|ts|time|timestamp|took\w*|uptime\w*|(?:wall|response|run|exec(?:ution)?|processing|query|request)_?[tT]ime\w*|(?:duration|elapsed|latency)\w*|created_?[aA]t|updated_?[aA]t)"\s*:\s*(?:"[^"]*"|[\d.]+)/g,
    '"<id>"',
  ],
  [/\b(?:pid|process id|session|request|attempt|retry|trace|span)(?:[ _-]?id)?\s*[ :=#]\s*[\w-]*\d[\w-]*/gi, '<id>'],
  [
    /\b(?:sess(?:ion)?|req(?:uest)?|run|msg|message|om|call|toolu|trace|span|conn|evt|resp)[_-][A-Za-z0-9-]*\d[A-Za-z0-9-]*/g,
    '<id>',
  ],
  // A label of Codex's own: six hex digits, which may all be letters or all be digits.
  [/\bchunk id: ?[0-9a-f]{6,}\b/gi, '<id>'],
  // `x-request-id: …`: a long opaque value under the word "id". Six digits may be a row's number.
  [/(?:\b|_)id\s*[:=#]\s*"?(?:(?=\d*[a-f])[0-9a-f]{6,}|(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{8,})/gi, '<id>'],
  // Chance puts letters behind digits; a name with a counter, as in `import42`, ends with them.
  [
    /\b(?:run|job|build|deploy(?:ment)?|execution|operation|transaction|container|pod|instance|release)(?:[ _-]?id)?[ :=#]+(?=[a-z]*\d+[a-z])[a-z0-9]{6,}\b/g,
    '<id>',
  ],
  [/\b(?=[a-z]*\d+[a-z]+\d+[a-z])[a-z0-9]{10,}\b/g, '<id>'],
  // How a shell says what it has put into the background.
  [/^\[\d+\] \d{2,7}$/gm, '<job>'],
  // Ports that the system picks; a service is set up with a lower one.
  [/((?:\b(?:localhost|\d{1,3}(?:\.\d{1,3}){3})|\]):|\bport[ :=]+)(?:3[2-9]\d{3}|[4-6]\d{4})\b/gi, '$1<port>'],
  [/\b(?:took|latency|elapsed|duration|wall[ _]?time)(?:_\w+)?\s*[:=]\s*\d+(?:\.\d+)?\b/gi, '<duration>'],
  [/\/var\/folders\/(?:[\w+-]+\/){0,2}[TC]\/[\w.-]+/g, '<tmp>'],
  [/\/tmp\/(?:tmp\w{6,}|[\w-]*\d{4,}[\w.-]*)/g, '<tmp>'],
  // `mktemp`: a name, and six or more characters of chance.
  [/\/tmp\/(?:[\w-]+[._-])?(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{6,}\b/g, '<tmp>'],
];

/** What `maskVolatile` leaves out, in words for the evidence. */
export const maskedKinds = [
  'times',
  'durations',
  'uuids',
  'hex ids',
  'process, session, run and request ids',
  'ports picked by the system',
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
