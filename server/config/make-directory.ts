import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { errorCode } from './error-code.ts';

/**
 * The directory with all above it, each 0700. Node's own `recursive` never returns where the system answers ENOENT
 * although the parent is there, as /proc does. @throws the error of the system.
 */
export const makePrivateDirectory = (directory: string): void => {
  const missing: string[] = [];
  for (let at = path.resolve(directory); statSync(at, { throwIfNoEntry: false }) === undefined; at = path.dirname(at))
    missing.unshift(at);
  for (const each of missing) makeUnlessThere(each);
};

const makeUnlessThere = (directory: string): void => {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process made it a moment ago.
    if (errorCode(error) !== 'EEXIST') throw error;
  }
};
