import { createPolicyChecker } from '#config/policy-checker';
import { filesOf, testFileOf } from '#config/policy-files';
import type { RunId } from '#protocol/ids';
import type { DetectionMessage, PolicyText } from '#protocol/messages';
import type { PolicyEffect, PolicyPreview } from '#protocol/policies';
import type { Clock } from '#runtime/clock';
import { newUlid } from '#runtime/new-ulid';
import { createPolicyBook, type PolicyBook, type PolicyBookOptions } from './policy-book.ts';
import { watchPolicies } from './policy-watch.ts';

export interface PolicyDeskOptions extends Omit<PolicyBookOptions, 'checker' | 'preview' | 'onFollowed' | 'onLooked'> {
  readonly clock: Clock;
  readonly askDetection: (message: DetectionMessage) => void;
}

/** The book of policies with its surroundings: the watched files, the checker, and detection that tells effects. */
export interface PolicyDesk extends PolicyBook {
  /** From detection. */
  heard(preview: PolicyPreview): void;
  stop(): Promise<void>;
}

/** Long enough for an editor that writes in pieces, short enough for a second in all. */
const debounceMs = 100;
const previewWithinMs = 3_000;

export const createPolicyDesk = (options: PolicyDeskOptions): PolicyDesk => {
  const { clock, policiesDir } = options;
  const checker = createPolicyChecker();
  const asked = new Map<string, (effects: readonly PolicyEffect[] | null) => void>();
  const saved = new Set<string>();
  // What a text that is not in force names is watched too: it may be mended there.
  const looked = new Map<string, readonly string[]>();
  let followed: readonly string[] = [];
  let takeBack: (() => void) | null = null;

  const preview = (policy: PolicyText, runIds: readonly RunId[]): Promise<readonly PolicyEffect[] | null> =>
    new Promise((resolve) => {
      const proposal = newUlid();
      const takeBackDeadline = clock.after(previewWithinMs, () => {
        asked.delete(proposal);
        resolve(null);
      });
      asked.set(proposal, (effects) => {
        takeBackDeadline();
        resolve(effects);
      });
      options.askDetection({ kind: 'policy-proposed', proposal, policy, runIds });
    });
  const filesAround = (policy: Pick<PolicyText, 'files'>): readonly string[] => {
    const test = testFileOf(policy);
    return [...filesOf(policy, policiesDir), ...(test === null ? [] : [test])];
  };

  const book = createPolicyBook({
    ...options,
    checker,
    preview,
    onFollowed: (policies, keys) => {
      followed = policies.flatMap(filesAround);
      for (const key of looked.keys()) if (!keys.includes(key)) looked.delete(key);
      follow();
    },
    onLooked: (key, files) => {
      looked.set(key, filesAround({ files }));
      follow();
    },
  });
  const follow = (): void => watch.follow([...followed, ...[...looked.values()].flat()]);
  const keysOf = (file: string): readonly string[] => [
    ...book.keysUsing(file, filesAround),
    ...[...looked].flatMap(([key, files]) => (files.includes(file) ? [key] : [])),
  ];
  const watch = watchPolicies((file) => {
    saved.add(file);
    takeBack?.();
    takeBack = clock.after(debounceMs, () => {
      const keys = [...saved].flatMap(keysOf);
      saved.clear();
      void book.reload([...new Set(keys)], { by: 'daemon', who: 'a parent or its test was saved', reason: '' });
    });
  });

  return {
    ...book,
    heard: ({ proposal, effects }) => {
      asked.get(proposal)?.(effects);
      asked.delete(proposal);
    },
    stop: async () => {
      takeBack?.();
      await watch.close();
      await checker.close();
    },
  };
};
