import { isRecord } from './json-record.ts';
import { commandOf } from './shell-command.ts';

/** The words of a call that an error may repeat: its tool, and what it was given. */
export interface CallWords {
  readonly tool: string;
  /** The longest first: a path before the name in it. */
  readonly given: readonly string[];
}

// Shorter ones are in any text by chance; longer ones are no names, and no error repeats them whole.
const fewestChars = 2;
const mostChars = 300;
const mostWords = 24;
const mostDepth = 4;

export const wordsOfCall = (tool: string, args: unknown): CallWords => {
  const found = new Set<string>();
  const add = (word: string): void => {
    if (word.length >= fewestChars && word.length <= mostChars && found.size < mostWords) found.add(word);
  };
  const collect = (value: unknown, depth: number): void => {
    if (found.size >= mostWords || depth > mostDepth) return;
    if (typeof value === 'string') add(value.trim());
    else if (Array.isArray(value)) for (const each of value) collect(each, depth + 1);
    else if (isRecord(value)) for (const each of Object.values(value)) collect(each, depth + 1);
  };
  collect(args, 0);
  // A command names its arguments one after the other.
  const command = (commandOf(args) ?? '').slice(0, mostChars);
  for (const word of command.split(/[\s'"=;|&()<>]+/)) add(word);
  return { tool, given: [...found].sort((a, b) => b.length - a.length) };
};

/** The same text with the call's own words taken for what they are, so that one error of many calls is one error. */
export const withoutOwnWords = (text: string, { tool, given }: CallWords): string => {
  const plain = tool.length < fewestChars ? text : text.replaceAll(tool, '<tool>');
  return given.reduce((seen, word) => replaceWhole(seen, word), plain);
};

const isNamePart = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}_]/u.test(char);

/** Only where it stands by itself: "in" is not a part of "index". */
const replaceWhole = (text: string, word: string): string => {
  let at = text.indexOf(word);
  if (at === -1) return text;
  const parts: string[] = [];
  let from = 0;
  for (; at !== -1; at = text.indexOf(word, at + word.length)) {
    if (isNamePart(word[0]) && isNamePart(text[at - 1])) continue;
    if (isNamePart(word.at(-1)) && isNamePart(text[at + word.length])) continue;
    parts.push(text.slice(from, at), '<given>');
    from = at + word.length;
  }
  return parts.join('') + text.slice(from);
};
