/** Where in a YAML text the cursor stands: the keys that lead there (`[]` is an item), and whether a key or a value is wanted. */
export interface YamlPlace {
  readonly kind: 'key' | 'value';
  readonly path: readonly string[];
}

interface Level {
  readonly indent: number;
  readonly segment: string;
}

/** Reads indentation only: a text that is being typed is seldom good YAML, and is completed all the same. */
export const placeAt = (lines: readonly string[], line: number, column: number): YamlPlace => {
  const levels: Level[] = [];
  for (const text of lines.slice(0, line)) feed(levels, text);
  const before = (lines[line] ?? '').slice(0, column);
  const { indent, rest } = openItems(levels, before);
  leave(levels, indent);
  const pair = /^["']?([\w.-]+)["']?:(?:\s(.*))?$/.exec(rest);
  const path = levels.map(({ segment }) => segment);
  if (pair === null) return flowPlace(rest, path) ?? { kind: 'key', path };
  const [, key = '', value = ''] = pair;
  return flowPlace(value, [...path, key]) ?? { kind: 'value', path: [...path, key] };
};

const feed = (levels: Level[], text: string): void => {
  if (/^\s*(#|$)/.test(text)) return;
  const { indent, rest } = openItems(levels, text);
  const key = /^["']?([\w.-]+)["']?:(\s|$)/.exec(rest)?.[1];
  if (key === undefined) return;
  leave(levels, indent);
  levels.push({ indent, segment: key });
};

/** Takes the dashes off the front of a line; each opens an item of the list that stands at its column. */
const openItems = (levels: Level[], text: string): { readonly indent: number; readonly rest: string } => {
  let indent = text.length - text.trimStart().length;
  let rest = text.slice(indent);
  for (let dash = /^-(\s+|$)/.exec(rest); dash !== null; dash = /^-(\s+|$)/.exec(rest)) {
    const at = indent;
    while (isInside(levels.at(-1), at)) levels.pop();
    levels.push({ indent: at, segment: '[]' });
    indent += dash[0].length;
    rest = rest.slice(dash[0].length);
  }
  return { indent, rest };
};

const isInside = (level: Level | undefined, dash: number): boolean =>
  level !== undefined && (level.indent > dash || (level.indent === dash && level.segment === '[]'));

const leave = (levels: Level[], indent: number): void => {
  while ((levels.at(-1)?.indent ?? -1) >= indent) levels.pop();
};

/** Inside `{ do: stop, after: ` and `[a, `; null where no bracket is open. */
const flowPlace = (text: string, path: readonly string[]): YamlPlace | null => {
  const open: { readonly bracket: string; key: string | null }[] = [];
  let word = '';
  let quote = '';
  for (const [at, char] of [...text].entries()) {
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '{' || char === '[') open.push({ bracket: char, key: null });
    else if (char === '}' || char === ']') open.pop();
    const top = open.at(-1);
    if (char === ':' && /\s/.test(text[at + 1] ?? ' ') && top?.bracket === '{') top.key ??= word;
    if (char === ',' && quote === '' && top !== undefined) top.key = null;
    word = /[\w.-]/.test(char) ? word + char : '';
  }
  const top = open.at(-1);
  if (top === undefined) return null;
  const inside = open.flatMap(({ bracket, key }) => (bracket === '[' ? ['[]'] : key === null ? [] : [key]));
  return { kind: top.bracket === '{' && top.key === null ? 'key' : 'value', path: [...path, ...inside] };
};
