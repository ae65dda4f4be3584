import type { PolicyStore } from '#config/policy-store';
import type { PolicyText } from '#protocol/messages';
import { readNow } from './policy-reading.ts';

/** What is known of policies that no live run follows. */
export interface IdlePolicies {
  /** True where it judged a run here once, or ships: nobody may name a file to us that no run ever did. */
  isKnown(key: string): boolean;
  /** What the next run would have been judged by; null where nothing can be read or was ever kept. */
  before(key: string): PolicyText | null;
  judgedLast(key: string, policy: PolicyText): void;
}

const mostKnown = 100;

export const createIdlePolicies = (options: {
  readonly store: PolicyStore;
  readonly policiesDir: string;
}): IdlePolicies => {
  const { store, policiesDir } = options;
  const last = new Map<string, PolicyText>();

  const newestKept = (key: string): PolicyText | null => {
    for (const { hash } of store.list()) {
      const policy = store.find(hash);
      if (policy !== null && isOf(policy, key)) return policy;
    }
    return null;
  };
  const inFile = (key: string): PolicyText | null => {
    try {
      return readNow(key, { policiesDir, onLooked: () => undefined }).policy;
    } catch {
      return null; // gone or not readable: what was kept of it is what is known
    }
  };

  return {
    isKnown: (key) => last.has(key) || newestKept(key) !== null,
    before: (key) => last.get(key) ?? newestKept(key) ?? inFile(key),
    judgedLast: (key, policy) => {
      if (last.size >= mostKnown) last.clear();
      last.set(key, policy);
    },
  };
};

const isOf = ({ name, files }: PolicyText, key: string): boolean =>
  key === `file:${files[0]?.path}` || (key === `shipped:${name}` && files[0]?.path === `policies/${name}.yaml`);
