import { readPolicyText, readTestBeside, rereadSource } from '#config/policy-files';
import type { PolicyText } from '#protocol/messages';
import { seenOf, sourceOfKey } from './policy-words.ts';

/** One look at the files of a policy. */
export interface ReadPolicy {
  readonly key: string;
  readonly policy: PolicyText;
  readonly test: ReturnType<typeof readTestBeside>;
  readonly seen: string;
}

/** Reads a source once; what is checked is what will judge. @throws Error naming the file that cannot be read. */
export const readNow = (key: string, policiesDir: string): ReadPolicy => {
  const policy = readPolicyText(rereadSource(sourceOfKey(key)), policiesDir);
  const test = readTestBeside(policy);
  return { key, policy, test, seen: seenOf(policy, test) };
};

export const readTestQuietly = (policy: PolicyText): ReturnType<typeof readTestBeside> => {
  try {
    return readTestBeside(policy);
  } catch {
    return null; // it cannot be read now; the next look at the files says so
  }
};
