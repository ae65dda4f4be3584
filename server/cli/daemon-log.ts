import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { escapeControls } from './render/escape.ts';

/** What the daemon's own log has said since it was opened here. */
export interface LogSince {
  /** How often the keeper has seen the daemon die. */
  deaths(): number;
  /** The last lines, as the end of a sentence. */
  end(): string;
}

const mostBytes = 65_536;
const linesTold = 8;

export const openLogSince = (file: string): LogSince => {
  const from = sizeOf(file);
  const messages = (): readonly string[] => readFrom(file, from).map(messageIn);
  return {
    deaths: () => messages().filter((message) => message.startsWith('the daemon ended with code')).length,
    end: () => {
      const last = messages().slice(-linesTold);
      const told = last.map((message) => `  ${escapeControls(message).slice(0, 400)}`).join('\n');
      return told === '' ? ' and left no word in its log' : `. Its log says:\n${told}`;
    },
  };
};

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** A log that is shorter than it was has been begun anew. */
const readFrom = (file: string, from: number): readonly string[] => {
  const size = sizeOf(file);
  const begin = size < from ? 0 : Math.max(from, size - mostBytes);
  if (size === begin) return [];
  try {
    const descriptor = openSync(file, 'r');
    const bytes = Buffer.alloc(size - begin);
    const read = readSync(descriptor, bytes, 0, bytes.length, begin);
    closeSync(descriptor);
    return bytes
      .toString('utf8', 0, read)
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return []; // set aside by the keeper just now
  }
};

/** The message of a JSON line, or the line. */
const messageIn = (line: string): string => {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'msg' in entry ? String(entry.msg) : line;
  } catch {
    return line; // a stack trace of Node itself
  }
};
