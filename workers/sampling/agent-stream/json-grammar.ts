/** No agent nests by the hundred, and parsing costs most where a value nests by the million. */
const maxNesting = 200;

const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** What may stand next, outside a string. */
type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end';

/**
 * Whether the text is one JSON object, nested within reason. `JSON.parse` tells a broken line by an exception, which costs as
 * much as reading a few hundred bytes; a stream may consist of nothing else.
 */
export const isJsonObject = (text: string): boolean => {
  if (text.charCodeAt(0) !== openBrace) return false;
  const hasControls = controls.test(text);
  let isObject = true;
  let expected: Expected = 'key-or-end';
  let depth = 1;
  let at = 1;
  objects[1] = 1;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit === 0x20 || (hasControls && (unit === 0x09 || unit === 0x0a || unit === 0x0d))) {
      at++;
    } else if (unit === quote) {
      if (expected === 'colon' || expected === 'comma-or-end') return false;
      at = afterString(text, at + 1, hasControls);
      if (at === 0) return false;
      expected = expected === 'key' || expected === 'key-or-end' ? 'colon' : 'comma-or-end';
    } else if (unit === 0x3a) {
      if (expected !== 'colon') return false;
      expected = 'value';
      at++;
    } else if (unit === 0x2c) {
      if (expected !== 'comma-or-end') return false;
      expected = isObject ? 'key' : 'value';
      at++;
    } else if (unit === closeBrace || unit === closeBracket) {
      if (isObject !== (unit === closeBrace)) return false;
      if (expected !== 'comma-or-end' && expected !== (isObject ? 'key-or-end' : 'value-or-end')) return false;
      depth--;
      at++;
      if (depth === 0) return at === text.length || text.slice(at).trim() === '';
      isObject = objects[depth] === 1;
      expected = 'comma-or-end';
    } else {
      if (expected !== 'value' && expected !== 'value-or-end') return false;
      if (unit === openBrace || unit === openBracket) {
        if (++depth > maxNesting) return false;
        isObject = unit === openBrace;
        objects[depth] = isObject ? 1 : 0;
        expected = isObject ? 'key-or-end' : 'value-or-end';
        at++;
      } else {
        plain.lastIndex = at;
        if (!plain.test(text)) return false;
        at = plain.lastIndex;
        expected = 'comma-or-end';
      }
    }
  }
  return false;
};

/** By depth: 1 where the value that is open there is an object, 0 where it is a list. */
const objects = new Uint8Array(maxNesting + 1);
const plain = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Built, not written as a literal, so that no control character stands in the source. */
const controls = new RegExp(`[${String.fromCharCode(0)}-${String.fromCharCode(31)}]`);
const escaped = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/** The place after the string whose first character is at `from`; 0 where it does not end or holds what none may hold. */
const afterString = (text: string, from: number, hasControls: boolean): number => {
  let at = from;
  let end = text.indexOf('"', at);
  while (end !== -1) {
    const piece = text.slice(at, end);
    const slash = piece.indexOf('\\');
    if (hasControls && controls.test(slash === -1 ? piece : piece.slice(0, slash))) return 0;
    if (slash === -1) return end + 1;
    escaped.lastIndex = at + slash + 1;
    if (!escaped.test(text)) return 0;
    at = escaped.lastIndex;
    if (at > end) end = text.indexOf('"', at);
  }
  return 0;
};
