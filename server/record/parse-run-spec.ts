import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSpec } from '#protocol/run-spec';

/** The environment of `spec.json`, which the daemon itself wrote. */
export const parseJobEnvironment = (text: string): Readonly<Record<string, string>> =>
  (JSON.parse(text) as RunSpec).env;

/** Of the run in this directory. Empty where its spec is gone: what has the shape of a secret is still hidden. */
export const readJobEnvironment = async (directory: string): Promise<Readonly<Record<string, string>>> => {
  try {
    return parseJobEnvironment(await readFile(join(directory, 'spec.json'), 'utf8'));
  } catch {
    return {}; // gone with its run
  }
};
