import type { PolicyText } from './messages.ts';

// Each edit of a policy is a new text; with more than these nobody compares any more.
const mostKept = 200;

/** One copy in memory of the text of a policy, however many runs bring it along. */
export const createPolicyShelf = (): ((policy: PolicyText) => PolicyText) => {
  const kept = new Map<string, PolicyText>();
  return (policy) => {
    const known = kept.get(policy.hash);
    // The same text may have two names, by the paths it was read from.
    if (known !== undefined && known.name === policy.name && known.files[0]?.path === policy.files[0]?.path)
      return known;
    if (kept.size >= mostKept) kept.clear();
    kept.set(policy.hash, policy);
    return policy;
  };
};
