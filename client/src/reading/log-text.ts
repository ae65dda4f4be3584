// CSI, OSC (ended by BEL or ST), and the two-character escapes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this looks for
const ansi = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const hidden = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line of a job's output as it may be shown: colours stripped, every character that would hide or reorder text made visible. */
export const toVisibleText = (text: string): string =>
  text.replace(/\r+$/, '').replace(ansi, '').replace(hidden, visibleSign);

const visibleSign = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
};
