import type { PolicyChecker } from '#config/policy-checker';
import { readingProblem } from '#config/policy-files';
import type { PolicyStore } from '#config/policy-store';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { PolicyText, RunChange } from '#protocol/messages';
import type {
  ActivePolicy,
  ApplyPolicy,
  PolicyChange,
  PolicyEffect,
  PolicyWish,
  RollbackPolicy,
} from '#protocol/policies';
import type { PolicySource } from '#protocol/run-spec';
import { createIdlePolicies } from './idle-policies.ts';
import { createPolicyAdmission } from './policy-admission.ts';
import {
  keyOfWish,
  type ReadPolicy,
  readNow,
  readTestQuietly,
  readWish,
  type Standing,
  standingNow,
} from './policy-reading.ts';
import { follows, keepRolledBack, openSlots } from './policy-slots.ts';
import { appliedFact, heldFact, seenOf, whoSaved, withoutPlace } from './policy-words.ts';
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
  readonly onFollowed: (policies: readonly PolicyText[], keys: readonly string[]) => void;
  /** Files were read, or sought in vain, for what may be refused: mending any of them is worth another look. */
  readonly onLooked: (key: string, files: PolicyText['files']) => void;
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
  /** null where none of the runs that were named is live. */
  apply(wish: ApplyPolicy): Promise<PolicyChange | null>;
  /** null where there is no such text, or its policy never judged a run here. */
  rollback(wish: RollbackPolicy): Promise<PolicyChange | null>;
  active(): readonly ActivePolicy[];
}

export const createPolicyBook = (options: PolicyBookOptions): PolicyBook => {
  const { store, checker, table, say, mostActedOn: most } = options;
  const slots = openSlots(store, (problem) => options.log('warn', problem));
  const idle = createIdlePolicies(options);
  let queue: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined); // whoever asked gets the error; the next in turn must not inherit it
    return result;
  };
  const followersOf = (key: string): readonly RunRecord[] => table.live().filter((record) => record.policyKey === key);
  const admission = createPolicyAdmission({
    ...options,
    standing: (key) => {
      const slot = slots.get(key);
      return slot !== undefined && (slot.rolledBack || followersOf(key).length > 0) ? slot : null;
    },
  });
  const prune = (): void => {
    for (const [key, { rolledBack }] of slots) if (!rolledBack && followersOf(key).length === 0) slots.delete(key);
    keepRolledBack(store, slots);
    const policies = [...slots.values()].map(({ current }) => current);
    options.onFollowed(policies, [...slots.keys()]);
  };

  const refuse = (
    { key, write }: Pick<ReadPolicy, 'key' | 'write'>,
    wish: PolicyWish,
    { problem, line, column }: { problem: string; line: number | null; column: number | null },
  ) => {
    const slot = slots.get(key);
    if (slot !== undefined && write === null) slot.problem = problem;
    const keptHash = slot?.current.hash ?? null;
    options.log('warn', `policy refused: ${problem}`);
    say({ kind: 'policy-refused', source: key, problem, line, column, keptHash, by: wish.by });
    return { kind: 'refused', problem, keptHash } as const;
  };

  /** Checks one text and, if it is good and its effect is accepted, puts it in force for these runs, all at once. */
  const change = async (next: ReadPolicy, targets: readonly RunRecord[], wish: PolicyWish): Promise<PolicyChange> => {
    const { key, policy, seen, write } = next;
    const beganMs = performance.now();
    const slot = slots.get(key);
    // A draft does not lie in its file: what was refused or held of it is no trouble of the file.
    if (slot !== undefined && write === null) slot.seen = seen;
    const checked = await checker.check({ policy, test: next.test });
    if (checked.kind === 'refused') return refuse(next, wish, checked);
    admission.passed(seenOf(policy, next.test));
    const runIds = targets.map(({ spec }) => spec.runId);
    const effects = wish.accept || runIds.length === 0 ? [] : await options.preview(policy, runIds);
    if (effects === null)
      return refuse(next, wish, withoutPlace(`${policy.name}: detection did not say what it would do to running jobs`));
    if (new Set(effects.map(({ runId }) => runId)).size > most) {
      const keptHash = slot?.current.hash ?? targets[0]?.policy.hash ?? '';
      if (slot !== undefined && write === null)
        slot.problem = `held: it would act on ${effects.length} running jobs at once`;
      options.log('warn', `policy held: ${policy.name} would act on ${effects.length} running jobs at once`);
      say(heldFact({ key, policy, wish, keptHash, effects, most }));
      return { kind: 'held', effects, most, keptHash };
    }
    const before = slot?.current ?? targets[0]?.policy ?? idle.before(key);
    try {
      write?.();
    } catch (cause) {
      return refuse(next, wish, withoutPlace(cause));
    }
    const previous = before ?? policy;
    store.keep(policy);
    idle.judgedLast(key, policy);
    const live = targets.filter((record) => table.get(record.spec.runId) === record);
    for (const record of live) {
      record.policy = policy;
      record.policyKey = key;
      writeRunPolicy(record.runDir, { key, hash: policy.hash, seen });
    }
    slots.set(key, { current: policy, seen, problem: null, rolledBack: !seen.startsWith(policy.hash) });
    prune();
    const tookMs = Math.round(performance.now() - beganMs);
    const ids = live.map(({ spec }) => spec.runId);
    say(
      appliedFact({ key, previous, policy, wish, runs: ids, tests: checked.tests, testsMs: checked.testsMs, tookMs }),
    );
    if (ids.length > 0) options.tellWorkers({ kind: 'policy-changed', runIds: ids, policy });
    const whom = ids.length === 0 ? 'the next run' : `${ids.length} runs`;
    options.log('info', `policy ${policy.name} is in force for ${whom} (${policy.hash.slice(0, 8)}), ${tookMs} ms`);
    return { kind: 'applied', hash: policy.hash, runs: ids.length, tests: checked.tests, tookMs };
  };

  /** No live run follows it, and the next one would be judged by this very text, which was checked with this test. */
  const isNextAlready = ({ key, policy, seen, write }: ReadPolicy): boolean =>
    write === null && !slots.has(key) && idle.before(key)?.hash === policy.hash && admission.hasPassed(seen);

  const lookAgain = async (key: string, wish: PolicyWish): Promise<void> => {
    const slot = slots.get(key);
    const followers = followersOf(key);
    if (slot === undefined) return;
    try {
      const next = readNow(key, options);
      if (next.seen === slot.seen) return;
      if (followers.length > 0) await change(next, followers, { ...wish, who: whoSaved(key) ?? wish.who });
      // The next run reads the file itself; what was rolled back to goes on guarding it while that says nothing good.
      else if ((await checker.check(next)).kind === 'good') slots.delete(key);
    } catch (cause) {
      const found = readingProblem(cause);
      if (followers.length === 0) return;
      if (slot.problem !== found.problem) refuse({ key, write: null }, wish, found);
      slot.seen = ''; // whatever is read next is news, also where it is what was there before
    }
  };

  return {
    admit: admission.admit,
    inForce: (key) => (followersOf(key).length > 0 ? (slots.get(key)?.current ?? null) : null),
    joined: (record, seen) => {
      const key = record.policyKey;
      const slot = slots.get(key);
      // What the last of earlier followers left behind is not this run's, unless it got it.
      const isAlone = followersOf(key).every((other) => other === record);
      const known = isAlone && slot?.current.hash !== record.policy.hash ? undefined : slot;
      const own = seen ?? known?.seen ?? seenOf(record.policy, readTestQuietly(record.policy));
      if (known === undefined) slots.set(key, { current: record.policy, seen: own, problem: null, rolledBack: false });
      idle.judgedLast(key, record.policy);
      writeRunPolicy(record.runDir, { key, hash: record.policy.hash, seen: own });
      prune();
    },
    reload: (keys, wish) =>
      inTurn(async () => {
        for (const key of keys === 'all' ? [...slots.keys()] : keys) await lookAgain(key, { ...wish, accept: false });
        prune();
      }),
    keysUsing: (file, filesOf) =>
      [...slots].flatMap(([key, { current }]) => (filesOf(current).includes(file) ? [key] : [])),
    apply: ({ source, runs, ...wish }) =>
      inTurn(async () => {
        const key = keyOfWish(source);
        const live = table.live();
        const targets =
          runs === 'all'
            ? live
            : live.filter((record) =>
                runs === 'followers' ? record.policyKey === key : runs.includes(record.spec.runId),
              );
        // Nobody to judge now: the next run that follows it is judged by it.
        if (targets.length === 0 && typeof runs !== 'string') return null;
        let next: ReadPolicy;
        try {
          next = readWish(source, options);
        } catch (cause) {
          return refuse({ key, write: null }, wish, readingProblem(cause));
        }
        if (targets.length === 0 ? isNextAlready(next) : targets.every((record) => follows(record, next)))
          return { kind: 'unchanged', hash: next.policy.hash, runs: targets.length };
        return change(next, targets, wish);
      }),
    rollback: ({ key, hash, ...wish }) =>
      inTurn(async () => {
        const policy = store.find(hash);
        const targets = followersOf(key);
        if (policy === null || (!slots.has(key) && !idle.isKnown(key))) return null;
        let stands: Standing;
        try {
          stands = slots.get(key) ?? standingNow(key, options);
        } catch (cause) {
          return refuse({ key, write: null }, wish, readingProblem(cause));
        }
        if (policy.hash === stands.current.hash) return { kind: 'unchanged', hash: policy.hash, runs: targets.length };
        return change({ key, policy, seen: stands.seen, test: null, write: null }, targets, wish);
      }),
    active: () =>
      [...slots].flatMap(([key, { current, problem, rolledBack }]) => {
        const runIds = followersOf(key).map(({ spec }) => spec.runId);
        return runIds.length === 0 && !rolledBack
          ? []
          : [{ key, name: current.name, hash: current.hash, runIds, problem }];
      }),
  };
};
