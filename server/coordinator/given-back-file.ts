import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '#action/process-identity';
import { type GivenBack, givenBackFileName, nothingGivenBack, parseGivenBack } from '#protocol/given-back';

export const readGivenBack = (runDir: string): GivenBack => {
  try {
    return parseGivenBack(readFileSync(path.join(runDir, givenBackFileName), 'utf8'));
  } catch {
    return nothingGivenBack; // nothing was, so far
  }
};

/** Always as long, so that it can be written over where it lies. */
const textBytes = 96;

/** False where the disk takes not even this: then nothing may be given back. */
export const writeGivenBack = (runDir: string, given: GivenBack): boolean => {
  const file = path.join(runDir, givenBackFileName);
  const text = `${JSON.stringify(given).padEnd(textBytes - 1)}\n`;
  try {
    writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
    return true;
  } catch (cause) {
    if (!refusals.has(codeOf(cause))) throw cause;
    return writeOver(file, text);
  }
};

const refusals: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ENOENT']);

/** On a full disk this is how room is made: what lies there already needs no new block. */
const writeOver = (file: string, text: string): boolean => {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, 'r+');
    return writeSync(descriptor, text, 0) === textBytes;
  } catch (cause) {
    if (!refusals.has(codeOf(cause))) throw cause;
    return false;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
};
