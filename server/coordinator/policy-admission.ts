import type { PolicyChecker } from '#config/policy-checker';
import { readPolicyText } from '#config/policy-files';
import type { PolicyStore } from '#config/policy-store';
import type { PolicyText } from '#protocol/messages';
import { policyKeyOf } from '#protocol/policies';
import { createPolicyShelf } from '#protocol/policy-shelf';
import type { PolicySource } from '#protocol/run-spec';
import { readTestQuietly, type Standing } from './policy-reading.ts';
import { seenOf } from './policy-words.ts';

/** Says which text judges a run that is about to start, and checks what was not checked yet. */
export interface PolicyAdmission {
  /** @throws Error with line and column when it cannot be used. */
  admit(source: PolicySource): Promise<PolicyText>;
  /** What was checked once, with its test, is not checked again. */
  passed(seen: string): void;
  hasPassed(seen: string): boolean;
}

export const createPolicyAdmission = (options: {
  readonly policiesDir: string;
  readonly store: PolicyStore;
  readonly checker: PolicyChecker;
  /** What holds for runs to come, too; null where only the file counts. */
  readonly standing: (key: string) => Standing | null;
}): PolicyAdmission => {
  const passed = new Set<string>();
  const onShelf = createPolicyShelf();
  return {
    passed: (seen) => void passed.add(seen),
    hasPassed: (seen) => passed.has(seen),
    admit: async (source) => {
      const policy = onShelf(readPolicyText(source, options.policiesDir));
      const standing = options.standing(policyKeyOf(source));
      // Seen and not in force: it was refused, held or rolled back, and that goes for new runs too.
      if (standing?.seen.startsWith(policy.hash)) return standing.current;
      const test = source.kind === 'file' ? readTestQuietly(policy) : null;
      if (source.kind === 'file' && !passed.has(seenOf(policy, test))) {
        const checked = await options.checker.check({ policy, test });
        // Jobs that follow the file keep its last good text; a job that comes to them is no worse off.
        if (checked.kind === 'refused' && standing !== null) return standing.current;
        if (checked.kind === 'refused') throw new Error(checked.problem);
        passed.add(seenOf(policy, test));
      }
      options.store.keep(policy);
      return policy;
    },
  };
};
