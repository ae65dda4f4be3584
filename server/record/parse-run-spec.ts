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

/** What every process of the run in this directory carries, and whether some may outlive it; null where its spec is gone. */
export const readRunMark = async (
  directory: string,
): Promise<{ readonly tag: number; readonly keepOrphans: boolean } | null> => {
  try {
    const { handle, keepOrphans } = JSON.parse(await readFile(join(directory, 'spec.json'), 'utf8')) as RunSpec;
    return { tag: handle.tag, keepOrphans };
  } catch {
    return null; // gone, or a fault left it without one
  }
};
