/** What a job wrote, safe for a terminal: a control character is shown as `\x1b` or `\u202e`. Tabs stay. */
export const escapeControls = (text: string): string =>
  text.replace(/[^ -~]/g, (character) => {
    const code = character.charCodeAt(0);
    if (!isDangerous(code)) return character;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });

// C0 and C1 controls, DEL, separators of lines and paragraphs, and all that is invisible or turns the direction of text:
// each can make a terminal do something, or show something else than what was written.
const isDangerous = (code: number): boolean =>
  (code < 0x20 && code !== 0x09) || dangerousRanges.some(([from, to]) => code >= from && code <= to);

const dangerousRanges = [
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
] as const;
