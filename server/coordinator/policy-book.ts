import type { PolicyChecker } from '#config/policy-checker';
import { readPolicyText, type readTestBeside } from '#config/policy-files';
import type { PolicyStore } from '#config/policy-store';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { PolicyText, RunChange } from '#protocol/messages';
import {
  type ActivePolicy,
  type ApplyPolicy,
  type PolicyChange,
  type PolicyEffect,
  type PolicyWish,
  policyKeyOf,
  type RollbackPolicy,
} from '#protocol/policies';
import { createPolicyShelf } from '#protocol/policy-shelf';
import type { PolicySource } from '#protocol/run-spec';
import { type ReadPolicy, readNow, readTestQuietly } from './policy-reading.ts';
import { appliedFact, seenOf, whoSaved } from './policy-words.ts';
import { writeRunPolicy } from './run-policy-file.ts';
import type { RunRecord, RunTable } from './run-table.ts';

export interface PolicyBookOptions {
  readonly policiesDir: string;
  readonly store: PolicyStore;
  readonly checker: PolicyChecker;
  readonly table: RunTable;
  readonly say: (body: FactBody) => void;
  readonly tellWorkers: (change: RunChange) => void;
  /** What the policy would do to these runs; null when nobody could tell in time. */
  readonly preview: (policy: PolicyText, runIds: readonly RunId[]) => Promise<readonly PolicyEffect[] | null>;
  /** More running jobs than this are not acted on by a change of policy without a person's word. */
  readonly mostActedOn: number;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  /** The policies that live runs follow changed: watch their files. */
  readonly onFollowed: (policies: readonly PolicyText[]) => void;
}

/** The policies of live runs: which text of each is in force, and the one way from a text to the next. */
export interface PolicyBook {
  /** The policy of a run that is about to start. @throws Error with line and column when it cannot be used. */
  admit(source: PolicySource): Promise<PolicyText>;
  /** What is in force for runs of this source; null where no live run follows it. */
  inForce(key: string): PolicyText | null;
  /** A run lives and follows its policy. */
  joined(record: RunRecord, seen: string | null): void;
  /** Looks at the files again; those that say what they said are left alone. */
  reload(keys: readonly string[] | 'all', wish: Omit<PolicyWish, 'accept'>): Promise<void>;
  keysUsing(file: string, filesOf: (policy: PolicyText) => readonly string[]): readonly string[];
  apply(wish: ApplyPolicy): Promise<PolicyChange | null>;
  rollback(wish: RollbackPolicy): Promise<PolicyChange | null>;
  active(): readonly ActivePolicy[];
}

interface Slot {
  current: PolicyText;
  /** What lay in the files when they were looked at last, in force or not. */
  seen: string;
  problem: string | null;
}

export const createPolicyBook = (options: PolicyBookOptions): PolicyBook => {
  const { store, checker, table, say } = options;
  const slots = new Map<string, Slot>();
  const passed = new Set<string>();
  const onShelf = createPolicyShelf();
  let queue: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined); // whoever asked gets the error; the next in turn must not inherit it
    return result;
  };
  const followersOf = (key: string): readonly RunRecord[] => table.live().filter((record) => record.policyKey === key);
  const prune = (): void => {
    for (const key of slots.keys()) if (followersOf(key).length === 0) slots.delete(key);
    options.onFollowed([...slots.values()].map(({ current }) => current));
  };

  const refuse = (
    key: string,
    wish: PolicyWish,
    found: { problem: string; line: number | null; column: number | null },
  ) => {
    const slot = slots.get(key);
    if (slot !== undefined) slot.problem = found.problem;
    const keptHash = slot?.current.hash ?? null;
    options.log('warn', `policy refused: ${found.problem}`);
    const { problem, line, column } = found;
    say({ kind: 'policy-refused', source: key, problem, line, column, keptHash, by: wish.by });
    return { kind: 'refused', problem, keptHash } as const;
  };

  /** Checks one text and, if it is good and its effect is accepted, puts it in force for these runs, all at once. */
  const change = async (
    next: {
      readonly key: string;
      readonly policy: PolicyText;
      readonly seen: string;
      readonly test: ReturnType<typeof readTestBeside>;
    },
    targets: readonly RunRecord[],
    wish: PolicyWish,
  ): Promise<PolicyChange> => {
    const { key, policy, seen } = next;
    const beganMs = performance.now();
    const slot = slots.get(key);
    if (slot !== undefined) slot.seen = seen;
    const checked = await checker.check({ policy, test: next.test });
    if (checked.kind === 'refused') return refuse(key, wish, checked);
    passed.add(policy.hash);
    const runIds = targets.map(({ spec }) => spec.runId);
    const effects = wish.accept || runIds.length === 0 ? [] : await options.preview(policy, runIds);
    if (effects === null)
      return refuse(key, wish, {
        problem: `${policy.name}: detection did not say what it would do to running jobs`,
        line: null,
        column: null,
      });
    if (new Set(effects.map(({ runId }) => runId)).size > options.mostActedOn) {
      const keptHash = slot?.current.hash ?? targets[0]?.policy.hash ?? '';
      if (slot !== undefined) slot.problem = `held: it would act on ${effects.length} running jobs at once`;
      options.log('warn', `policy held: ${policy.name} would act on ${effects.length} running jobs at once`);
      say({
        kind: 'policy-held',
        source: key,
        hash: policy.hash,
        keptHash,
        effects: effects.slice(0, 50),
        most: options.mostActedOn,
        by: wish.by,
      });
      return { kind: 'held', effects, most: options.mostActedOn, keptHash };
    }
    const previous = slot?.current ?? targets[0]?.policy ?? policy;
    store.keep(policy);
    const live = targets.filter((record) => table.get(record.spec.runId) === record);
    for (const record of live) {
      record.policy = policy;
      record.policyKey = key;
      writeRunPolicy(record.runDir, { key, hash: policy.hash, seen });
    }
    slots.set(key, { current: policy, seen, problem: null });
    const tookMs = Math.round(performance.now() - beganMs);
    const ids = live.map(({ spec }) => spec.runId);
    say(
      appliedFact({ key, previous, policy, wish, runs: ids, tests: checked.tests, testsMs: checked.testsMs, tookMs }),
    );
    options.tellWorkers({ kind: 'policy-changed', runIds: ids, policy });
    options.log(
      'info',
      `policy ${policy.name} is in force for ${ids.length} runs (${policy.hash.slice(0, 8)}), checked in ${tookMs} ms`,
    );
    prune();
    return { kind: 'applied', hash: policy.hash, runs: ids.length, tests: checked.tests, tookMs };
  };

  const read = (key: string): ReadPolicy => readNow(key, options.policiesDir);

  const lookAgain = async (key: string, wish: PolicyWish): Promise<void> => {
    const slot = slots.get(key);
    const followers = followersOf(key);
    if (slot === undefined || followers.length === 0) return;
    try {
      const next = read(key);
      if (next.seen !== slot.seen) await change(next, followers, { ...wish, who: whoSaved(key) ?? wish.who });
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      if (slot.problem !== problem) refuse(key, wish, { problem, line: null, column: null });
    }
  };

  return {
    admit: async (source) => {
      const key = policyKeyOf(source);
      const policy = onShelf(readPolicyText(source, options.policiesDir));
      const slot = slots.get(key);
      // Seen and not in force: it was refused, held or rolled back, and that goes for new runs too.
      if (slot !== undefined && followersOf(key).length > 0 && slot.seen.startsWith(policy.hash)) return slot.current;
      if (source.kind === 'file' && !passed.has(policy.hash)) {
        const checked = await checker.check({ policy, test: null });
        if (checked.kind === 'refused') throw new Error(checked.problem);
        passed.add(policy.hash);
      }
      store.keep(policy);
      return policy;
    },
    inForce: (key) => (followersOf(key).length > 0 ? (slots.get(key)?.current ?? null) : null),
    joined: (record, seen) => {
      const key = record.policyKey;
      const known = slots.get(key);
      const own = seen ?? known?.seen ?? seenOf(record.policy, readTestQuietly(record.policy));
      if (known === undefined) slots.set(key, { current: record.policy, seen: own, problem: null });
      writeRunPolicy(record.runDir, { key, hash: record.policy.hash, seen: own });
      prune();
    },
    reload: (keys, wish) =>
      inTurn(async () => {
        for (const key of keys === 'all' ? [...slots.keys()] : keys) await lookAgain(key, { ...wish, accept: false });
      }),
    keysUsing: (file, filesOf) =>
      [...slots].flatMap(([key, { current }]) => (filesOf(current).includes(file) ? [key] : [])),
    apply: ({ source, runs, ...wish }) =>
      inTurn(async () => {
        const key = source.kind === 'shipped' ? `shipped:${source.name}` : `file:${source.path}`;
        const live = table.live();
        const targets =
          runs === 'all'
            ? live
            : live.filter((record) =>
                runs === 'followers' ? record.policyKey === key : runs.includes(record.spec.runId),
              );
        if (targets.length === 0) return null;
        let next: ReadPolicy;
        try {
          next = read(key);
        } catch (cause) {
          return refuse(key, wish, {
            problem: cause instanceof Error ? cause.message : String(cause),
            line: null,
            column: null,
          });
        }
        if (targets.every((record) => record.policy.hash === next.policy.hash && record.policyKey === key))
          return { kind: 'unchanged', hash: next.policy.hash, runs: targets.length };
        return change(next, targets, wish);
      }),
    rollback: ({ key, hash, ...wish }) =>
      inTurn(async () => {
        const policy = store.find(hash);
        const slot = slots.get(key);
        const targets = followersOf(key);
        if (policy === null || slot === undefined || targets.length === 0) return null;
        if (policy.hash === slot.current.hash) return { kind: 'unchanged', hash: policy.hash, runs: targets.length };
        return change({ key, policy, seen: slot.seen, test: null }, targets, wish);
      }),
    active: () =>
      [...slots].flatMap(([key, { current, problem }]) => {
        const runIds = followersOf(key).map(({ spec }) => spec.runId);
        return runIds.length === 0 ? [] : [{ key, name: current.name, hash: current.hash, runIds, problem }];
      }),
  };
};
