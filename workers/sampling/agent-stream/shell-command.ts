import { isRecord } from './json-record.ts';

// `bash -lc '…'`, `/bin/sh -c "…"`, with what may stand before it. What the shell is given to run is the command.
const shellWrapper =
  /^\s*(?:(?:sudo|env|nohup|exec|timeout(?:\s+-\S+)*\s+\S+|\w+=\S*)\s+)*(?:\S*\/)?(?:ba|z|da|k)?sh(?:\s+-[a-z]+)*?\s+-[a-z]*c\s+/;

/** The command line that a shell tool is to run, out of its arguments and of the shell that it is wrapped in. */
export const commandOf = (args: unknown): string | null => {
  if (typeof args === 'string') return unwrapped(args);
  if (!isRecord(args)) return null;
  const value = args.command ?? args.cmd ?? args.script ?? args.code ?? args.input;
  if (typeof value === 'string') return unwrapped(value);
  if (!Array.isArray(value)) return null;
  const words = value.filter((word) => typeof word === 'string');
  // A list holds each word whole, so the script is not quoted once more.
  const wrapper = shellWrapper.exec(`${words.slice(0, -1).join(' ')} `);
  return wrapper === null ? words.join(' ') : (words.at(-1) ?? '');
};

const unwrapped = (text: string): string => {
  const wrapper = shellWrapper.exec(text);
  return wrapper === null ? text : unquoted(text.slice(wrapper[0].length).trim());
};

const unquoted = (text: string): string => {
  const inside = text.slice(1, -1);
  if (text.startsWith("'") && text.endsWith("'") && text.length > 1) return inside.replace(/'\\''|'"'"'/g, "'");
  if (text.startsWith('"') && text.endsWith('"') && text.length > 1) return inside.replace(/\\(["\\$`])/g, '$1');
  return text;
};
