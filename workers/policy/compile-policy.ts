import { createHash } from 'node:crypto';
import type { Rollout } from '#protocol/judgement';
import type { PolicyFiles } from '#protocol/messages';
import { budgetRules, nightsOf } from './budget-rules.ts';
import { compileRule, milliseconds, whoFits } from './compile-rule.ts';
import type { CompiledPolicy, CompiledRule, PolicyLimits } from './compiled-policy.ts';
import { floorProblems } from './floor.ts';
import { limitRules, limitsOfSome } from './limit-rules.ts';
import { lineageOf } from './lineage.ts';
import { type LimitKey, type MergedPolicy, mergePolicies } from './merge-policies.ts';
import { mergedProblems } from './merged-problems.ts';
import { parsePolicy } from './parse-policy.ts';
import type { PolicyFile } from './policy-schema.ts';
import { PolicyProblem } from './problem.ts';
import { parseSizeBytes } from './size.ts';

type Files = PolicyFiles['files'];

/**
 * Puts a policy and its parents together and makes them ready to judge with. Costs milliseconds: keep the result by hash.
 * @throws PolicyProblem with the place of each mistake.
 */
export const compilePolicy = (policy: PolicyFiles): CompiledPolicy => {
  const own = policy.files[0];
  if (own === undefined) throw new TypeError(`policy ${policy.name} has no text`);
  const lineage = lineageOf(own, policy.files);
  const merged = mergePolicies(lineage.map((parsed) => parsed.policy));
  const problems = [...floorProblems(lineage, merged), ...mergedProblems(merged, lineage, rolloutOf(merged.file))];
  if (problems.length > 0) throw new PolicyProblem(problems);
  const limits = limitsOf(merged, (key) => !merged.limitMatches.has(key));
  const rules = [
    ...limitRules(limits),
    ...matchedLimitRules(merged),
    ...matchedBudgetRules(merged),
    ...merged.rules.map((rule) => compileRule(rule, merged.file.defaults)),
  ];
  return {
    name: policy.name,
    hash: policy.hash,
    rollout: rolloutOf(merged.file),
    limits,
    rules,
    shadows: shadowsOf(merged),
    ids: new Set(rules.map((rule) => rule.id)),
    budgets: merged.file.budgets ?? [],
    night: nightsOf(merged.file.budgets ?? [])[0] ?? null,
    pricing: merged.file.pricing,
    restart: restartOf(merged.file),
    notes: lineage.flatMap((parsed) => parsed.notes),
  };
};

/** SHA-256, hex, over all texts with their paths left out: the same words judge the same, wherever they lie. */
export const hashOf = (files: Files): string => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${Buffer.byteLength(file.text)}\n`).update(file.text);
  return hash.digest('hex');
};

/** The names under `extends`, nearest first; none when the text cannot be read. */
export const parentsOf = (text: string): readonly string[] => {
  const result = parsePolicy(text, 'policy');
  return result.kind === 'parsed' ? (result.policy.extends ?? []) : [];
};

const rolloutOf = (file: PolicyFile): Rollout => {
  const { mode = 'enforce', percent, salt = file.metadata.name } = file.rollout ?? {};
  return { mode, percent: percent ?? (mode === 'canary' ? 10 : 100), salt };
};

const usualReminderMs = 14 * 86_400_000;

const shadowsOf = ({ file, rules }: MergedPolicy): CompiledPolicy['shadows'] => {
  const asked = (text: string | undefined): number => milliseconds(text) ?? usualReminderMs;
  if (file.rollout?.mode === 'shadow') return [{ rule: null, remindAfterMs: asked(file.rollout.remind_after) }];
  return rules.flatMap(({ entry: { id, rollout } }) =>
    rollout?.mode === 'shadow' ? [{ rule: id, remindAfterMs: asked(rollout.remind_after) }] : [],
  );
};

const limitsOf = ({ file }: MergedPolicy, isMeant: (key: LimitKey) => boolean): PolicyLimits => {
  const told = Object.fromEntries(Object.entries(file.limits ?? {}).filter(([key]) => isMeant(key as LimitKey)));
  const limits: NonNullable<PolicyFile['limits']> = told;
  const bytes = (text: string | undefined): number | null => (text === undefined ? null : parseSizeBytes(text));
  return {
    wallClockMs: milliseconds(limits.wall_clock),
    memBytes: bytes(limits['mem.rss']),
    processes: limits['procs.count'] ?? null,
    diskWrittenBytes: bytes(limits['disk.written']),
  };
};

/** Limits of a file with a `match` hold the jobs that fit, beside those that hold every job. */
const matchedLimitRules = (merged: MergedPolicy): readonly CompiledRule[] =>
  [...merged.limitMatches].flatMap(([key, match]) =>
    limitsOfSome(
      limitsOf(merged, (other) => other === key),
      whoFits([match]),
    ),
  );

const matchedBudgetRules = ({ file, budgetMatches }: MergedPolicy): readonly CompiledRule[] =>
  budgetRules(file.budgets ?? [], file.pricing).map((rule) => {
    const isOf = (id: string): boolean => rule.id === `budget.${id}` || rule.id.startsWith(`budget.${id}.`);
    // The longest: a budget may be called as another one and more.
    const [id] = [...budgetMatches.keys()].filter(isOf).sort((a, b) => b.length - a.length);
    const matches = id === undefined ? undefined : budgetMatches.get(id);
    return matches === undefined ? rule : { ...rule, appliesTo: whoFits(matches) };
  });

const restartOf = ({ defaults }: PolicyFile): CompiledPolicy['restart'] => {
  const told = defaults?.restart;
  if (told === undefined || Object.keys(told).length === 0) return null;
  return {
    max: told.max ?? null,
    withinMs: milliseconds(told.within),
    initialDelayMs: milliseconds(told.backoff?.initial),
    factor: told.backoff?.factor ?? null,
    maxDelayMs: milliseconds(told.backoff?.max),
    jitter: told.backoff?.jitter ?? null,
  };
};
