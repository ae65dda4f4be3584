import { filesLookedFor, readPolicyText, readTestBeside, rereadSource } from '#config/policy-files';
import type { PolicyText } from '#protocol/messages';
import type { ApplyPolicy } from '#protocol/policies';
import { seenOf, sourceOfKey } from './policy-words.ts';
import { replaceFile } from './replace-file.ts';

/** One look at the files of a policy. */
export interface ReadPolicy {
  readonly key: string;
  readonly policy: PolicyText;
  readonly test: ReturnType<typeof readTestBeside>;
  readonly seen: string;
  /** Puts a draft into its file; null where it was read from there. */
  readonly write: (() => void) | null;
}

interface Reading {
  readonly policiesDir: string;
  readonly onLooked: (key: string, files: PolicyText['files']) => void;
}

/** Reads a source once; what is checked is what will judge. @throws Error naming the file that cannot be read. */
export const readNow = (key: string, { policiesDir, onLooked }: Reading): ReadPolicy => {
  try {
    const policy = readPolicyText(rereadSource(sourceOfKey(key)), policiesDir);
    onLooked(key, policy.files);
    const test = readTestBeside(policy);
    return { key, policy, test, seen: seenOf(policy, test), write: null };
  } catch (cause) {
    onLooked(key, filesLookedFor(cause));
    throw cause;
  }
};

/** A text in force, and the mark of what lay in its files. */
export interface Standing {
  readonly current: PolicyText;
  readonly seen: string;
}

/** What would be in force, were a run to start now. @throws Error as above. */
export const standingNow = (key: string, reading: Reading): Standing => {
  const { policy, seen } = readNow(key, reading);
  return { current: policy, seen };
};

/** What somebody wants in force: from its file, or not in its file yet. @throws Error as above. */
export const readWish = (source: ApplyPolicy['source'], reading: Reading): ReadPolicy => {
  if (source.kind !== 'draft') return readNow(keyOfWish(source), reading);
  const { path, text } = source;
  const policy = readPolicyText({ kind: 'file', path, text }, reading.policiesDir);
  const test = readTestBeside(policy);
  return { key: keyOfWish(source), policy, test, seen: seenOf(policy, test), write: () => replaceFile(path, text) };
};

export const keyOfWish = (source: ApplyPolicy['source']): string =>
  source.kind === 'shipped' ? `shipped:${source.name}` : `file:${source.path}`;

export const readTestQuietly = (policy: PolicyText): ReturnType<typeof readTestBeside> => {
  try {
    return readTestBeside(policy);
  } catch {
    return null; // it cannot be read now; the next look at the files says so
  }
};
