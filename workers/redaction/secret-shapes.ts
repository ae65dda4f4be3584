const mask = '[redacted]';

// Every quantifier over what a stranger writes is bounded, so that a line costs time in proportion to its length.
const tokenShapes = new RegExp(
  [
    '-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)',
    '\\bsk-(?=[A-Za-z0-9_-]{0,60}\\d)[A-Za-z0-9_-]{16,300}',
    '\\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,200}',
    '\\bgh[pousr]_[A-Za-z0-9]{30,255}',
    '\\bgithub_pat_[A-Za-z0-9_]{30,255}',
    '\\bgl(?:pat|ptt|dt|rt|cbt)-[A-Za-z0-9_-]{20,200}',
    '\\bxox[abeoprs]-[A-Za-z0-9-]{10,250}',
    '\\bxapp-\\d-[A-Za-z0-9-]{10,250}',
    '\\bhooks\\.slack\\.com/services/[A-Za-z0-9/]{20,100}',
    '\\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\\b',
    '\\bAIza[A-Za-z0-9_-]{35}',
    '\\bya29\\.[A-Za-z0-9_-]{20,300}',
    '\\beyJ[A-Za-z0-9_-]{8,4000}\\.[A-Za-z0-9_-]{4,4000}(?:\\.[A-Za-z0-9_-]{0,4000})?',
    '\\bnpm_[A-Za-z0-9]{36}\\b',
    '\\bpypi-[A-Za-z0-9_-]{50,300}',
    '\\bhf_[A-Za-z0-9]{30,60}',
    '\\bgsk_[A-Za-z0-9]{40,100}',
    '\\bxai-[A-Za-z0-9]{40,120}',
    '\\bdop_v1_[a-f0-9]{64}',
    '\\bSG\\.[A-Za-z0-9_-]{20,24}\\.[A-Za-z0-9_-]{40,46}',
    '\\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}',
    '\\bAGE-SECRET-KEY-1[0-9A-Z]{58}',
  ].join('|'),
  'g',
);
// The inner lines of a private key, met without their BEGIN line. Hex digests of the same width lack one of the cases.
const keyBodyLine =
  /^(?=[^\n]{0,63}[a-z])(?=[^\n]{0,63}[A-Z])(?=[^\n]{0,63}\d)(?:[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{76})$/gm;

export const maskTokenShapes = (text: string): string => text.replace(tokenShapes, mask).replace(keyBodyLine, mask);

const userAndPassword = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s:@/?#"']{0,200}):([^\s@/]{1,300})@/gi;
const tokenAsUser = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([A-Za-z0-9_~.-]{16,300})@/gi;

export const maskUrlCredentials = (text: string): string =>
  text.includes('://') ? text.replace(userAndPassword, `$1$2:${mask}@`).replace(tokenAsUser, `$1${mask}@`) : text;

const secretWord =
  '(?:pass(?:word|wd|phrase)|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|client[_-]?secret|session[_-]?id|authorization|x-api-key|set-cookie|cookie)';
const quote = `\\\\{0,3}["']`;
const pairHead = `${secretWord}(?:${quote})?\\s{0,3}(?:=>|[=:])\\s{0,3}`;

const nothing = /(?!)/;
const harmless =
  /^(?:\[redacted\]?|\$|<|\{|%|\*{3,}|(?:null|none|nil|undefined|true|false|yes|no|empty|missing|unset|bearer|basic|token|apikey)\b)/i;

/** What announces a secret, the value right behind it, and the beginnings of values that are none. */
interface Announced {
  readonly head: RegExp;
  readonly value: RegExp;
  readonly harmless: RegExp;
  isSecret(head: string, value: string): boolean;
}

const scheme: Announced = {
  head: /\b(?:Bearer|Basic|Token|ApiKey)\s{1,3}(?=[A-Za-z0-9._~+/=-]{8})/gi,
  value: /^[A-Za-z0-9._~+/=-]{8,4000}/,
  harmless: nothing,
  isSecret: (_head, value) => isRandom(value),
};
const quoted: Announced = {
  head: new RegExp(`${pairHead}\\\\{0,3}["']`, 'gi'),
  value: /^[^"'\\\n]{1,2000}/,
  harmless,
  isSecret: (head, value) => isSecret(head, value),
};
const bare: Announced = {
  head: new RegExp(pairHead, 'gi'),
  value: /^[^\s"'\\,;&)}\]]{1,2000}/,
  harmless,
  isSecret: (head, value) => isSecret(head, value),
};

/**
 * `API_KEY=…`, `"password": "…"`, `Authorization: Bearer …`. Values that cannot be a secret (a count, a variable,
 * `null`) are left. From the end to the beginning: each value is judged by what finally stands there, an announced
 * secret inside it hidden already, so a second time finds nothing new.
 */
export const maskPairs = (text: string): string => {
  if (!announcement.test(text)) return text;
  const found = [scheme, quoted, bare].flatMap((announced) => placesOf(announced, text));
  if (found.length === 0) return text;
  found.sort((a, b) => b.valueFrom - a.valueFrom);
  const parts: string[] = [];
  let ahead = '';
  let doneFrom = text.length;
  for (const { announced, head, valueFrom } of found) {
    const between = text.slice(valueFrom, doneFrom);
    doneFrom = valueFrom;
    parts.push(between);
    ahead = (between + ahead).slice(0, longestValue);
    const length = secretLength(announced, head, ahead);
    if (length === 0) continue;
    dropFront(parts, length);
    parts.push(mask);
    ahead = mask + ahead.slice(length);
  }
  return text.slice(0, doneFrom) + parts.reverse().join('');
};

const longestValue = 4_000;
/** Most lines announce nothing, and are looked through once only. */
const announcement = new RegExp(`${secretWord}|bearer|basic|apikey`, 'i');

const placesOf = (announced: Announced, text: string): { announced: Announced; head: string; valueFrom: number }[] =>
  Array.from(text.matchAll(announced.head), (match) => ({
    announced,
    head: match[0],
    valueFrom: match.index + match[0].length,
  }));

/** @returns how much of what stands ahead is a secret; 0 for none. */
const secretLength = (announced: Announced, head: string, ahead: string): number => {
  if (announced.harmless.test(ahead)) return 0;
  const [value] = announced.value.exec(ahead) ?? [''];
  return value !== '' && announced.isSecret(head, value) ? value.length : 0;
};

/** @param parts the text behind, its last part first to be read. */
const dropFront = (parts: string[], length: number): void => {
  let left = length;
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (part.length > left) {
      parts.push(part.slice(left));
      return;
    }
    left -= part.length;
  }
};

const isSecret = (head: string, value: string): boolean =>
  /^(?:pass|pwd)/i.test(head) ? !/^\d{1,3}$/.test(value) || head.includes('=') : isRandom(value);

/** Letters with digits, or so long that no word is meant: "unexpected token: identifier" is not a secret. */
const isRandom = (value: string): boolean =>
  value.length >= 24 || (value.length >= 8 && /\d/.test(value) && /[a-z]/i.test(value));
