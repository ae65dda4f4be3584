import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

export type FoundCommand =
  | { readonly kind: 'found'; readonly file: string }
  | { readonly kind: 'refused'; readonly exitCode: 126 | 127; readonly reason: string };

/** Where a shell would find the command, before anything is started; 126 and 127 mean what they mean to a shell. */
export const findCommand = (
  command: string,
  options: { readonly cwd: string; readonly searchPath: string },
): FoundCommand => {
  const candidates = command.includes('/')
    ? [path.resolve(options.cwd, command)]
    : options.searchPath.split(':').map((dir) => path.resolve(options.cwd, dir, command));
  let refusal: FoundCommand = {
    kind: 'refused',
    exitCode: 127,
    reason: `${command}: no such ${command.includes('/') ? 'file' : 'command on PATH'}`,
  };
  for (const file of candidates) {
    const seen = look(file, command);
    if (seen?.kind === 'found') return seen;
    refusal = seen ?? refusal;
  }
  return refusal;
};

const look = (file: string, command: string): FoundCommand | null => {
  try {
    const isDirectory = statSync(file).isDirectory();
    if (isDirectory) return { kind: 'refused', exitCode: 126, reason: `${command} is a directory, not a program` };
  } catch {
    return null; // not there
  }
  try {
    accessSync(file, constants.X_OK);
  } catch {
    /* there, but not for us to execute: 126 */
    return { kind: 'refused', exitCode: 126, reason: `${command} is not executable (chmod +x ${file}?)` };
  }
  const interpreter = interpreterOf(file);
  if (interpreter === null || existsSync(interpreter)) return { kind: 'found', file };
  return { kind: 'refused', exitCode: 127, reason: `${command} asks for ${interpreter}, which is not there` };
};

/** What its first line names after `#!`; null for a binary. */
const interpreterOf = (file: string): string | null => {
  const head = Buffer.alloc(256);
  try {
    const descriptor = openSync(file, 'r');
    readSync(descriptor, head, 0, head.length, 0);
    closeSync(descriptor);
  } catch {
    return null; // may be executed, not read: the kernel will know
  }
  return /^#![ \t]*(\/[^\s\0]+)[ \t\r\n]/.exec(head.toString('latin1'))?.[1] ?? null;
};
