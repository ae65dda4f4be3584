/** A person's policy has a few hundred lines. What is far beyond was not written by one, and parsing it costs seconds. */
export const sourceBounds = { bytes: 256 * 1024, depth: 32, values: 2000, aliases: 20 } as const;

/** One linear pass, before any parser sees the text: the first place where it goes out of bounds, or null. */
export const findExcess = (text: string): { readonly offset: number; readonly message: string } | null => {
  const bytes = text.length > sourceBounds.bytes ? text.length : Buffer.byteLength(text);
  if (bytes > sourceBounds.bytes)
    return {
      offset: 0,
      message: `a policy has at most ${sourceBounds.bytes / 1024} KB, this has ${Math.ceil(bytes / 1024)} KB`,
    };
  return scanNesting(text);
};

const scanNesting = (text: string): { readonly offset: number; readonly message: string } | null => {
  const indents: number[] = [];
  let flowDepth = 0;
  let values = 0;
  let aliases = 0;
  let lineStart = 0;
  while (lineStart < text.length) {
    const newline = text.indexOf('\n', lineStart);
    const lineEnd = newline === -1 ? text.length : newline;
    const line = readLine(text, { from: lineStart, to: lineEnd, flowDepth });
    if (flowDepth === 0 && line.indent !== null) {
      while ((indents.at(-1) ?? -1) >= line.indent) indents.pop();
      indents.push(line.indent);
    }
    flowDepth = line.flowDepth;
    values += line.values;
    aliases += line.aliases;
    const deepest = indents.length + line.dashes + line.deepestFlow;
    if (deepest > sourceBounds.depth) return excess(lineStart, `nests at most ${sourceBounds.depth} deep`);
    if (values > sourceBounds.values) return excess(lineStart, `has at most ${sourceBounds.values} values`);
    if (aliases > sourceBounds.aliases) return excess(lineStart, `uses at most ${sourceBounds.aliases} aliases`);
    lineStart = lineEnd + 1;
  }
  return null;
};

const excess = (offset: number, what: string) => ({ offset, message: `a policy ${what}; this goes beyond it here` });

/** What one line adds. Brackets in quotes and comments do not nest. */
const readLine = (text: string, at: { from: number; to: number; flowDepth: number }) => {
  let indent: number | null = null;
  let dashes = 0;
  let flowDepth = at.flowDepth;
  let deepestFlow = flowDepth;
  let values = 0;
  let aliases = 0;
  let quote = '';
  for (let index = at.from; index < at.to; index++) {
    const char = text[index] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
      continue;
    }
    const before = index === at.from ? ' ' : (text[index - 1] ?? '');
    const opens = before === ' ' || '[{,:(-'.includes(before);
    if (char === '#' && before === ' ') break;
    if ((char === '"' || char === "'") && opens) quote = char;
    if (indent === null && char !== ' ') {
      indent = index - at.from;
      values++;
    }
    if (
      (char === '-' || char === '?') &&
      dashes === index - at.from - (indent ?? 0) - dashes &&
      text[index + 1] === ' '
    )
      dashes++;
    if (char === '[' || char === '{') deepestFlow = Math.max(deepestFlow, ++flowDepth);
    if ((char === ']' || char === '}') && flowDepth > 0) flowDepth--;
    if (char === ',' && flowDepth > 0) values++;
    if (char === '*' && opens && /[\w-]/.test(text[index + 1] ?? '')) aliases++;
  }
  return { indent, dashes: Math.max(0, dashes - 1), flowDepth, deepestFlow, values, aliases };
};
