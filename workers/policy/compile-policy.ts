import { createHash } from 'node:crypto';
import type { Rollout } from '#protocol/judgement';
import type { PolicyText } from '#protocol/messages';
import { budgetRules, nightsOf } from './budget-rules.ts';
import { sayWindow } from './budget-window.ts';
import { compileRule, milliseconds } from './compile-rule.ts';
import type { CompiledPolicy, PolicyLimits } from './compiled-policy.ts';
import { floorProblems } from './floor.ts';
import { limitRules } from './limit-rules.ts';
import { type MergedPolicy, mergePolicies } from './merge-policies.ts';
import { nearestName } from './nearest-name.ts';
import { type PolicyResult, parsePolicy } from './parse-policy.ts';
import type { PolicyFile } from './policy-schema.ts';
import { PolicyProblem, type Problem } from './problem.ts';
import { isLooser } from './rollout.ts';
import { parseSizeBytes } from './size.ts';

type Parsed = Extract<PolicyResult, { kind: 'parsed' }>;
type Files = PolicyText['files'];

const deepestLineage = 8;

/**
 * Puts a policy and its parents together and makes them ready to judge with. Costs milliseconds: keep the result by hash.
 * @throws PolicyProblem with the place of each mistake.
 */
export const compilePolicy = (policy: PolicyText): CompiledPolicy => {
  const own = policy.files[0];
  if (own === undefined) throw new TypeError(`policy ${policy.name} has no text`);
  const lineage = lineageOf(own, policy.files, []);
  const child = lineage.at(-1) ?? parse(own);
  const merged = mergePolicies([(lineage[0] ?? child).policy, ...lineage.slice(1).map((parsed) => parsed.policy)]);
  const problems = [...floorProblems(lineage), ...mergedProblems(merged, child)];
  if (problems.length > 0) throw new PolicyProblem(problems);
  const limits = limitsOf(merged.file);
  const rules = [
    ...limitRules(limits),
    ...budgetRules(merged.file.budgets ?? [], merged.file.pricing),
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

/** Oldest first, the file itself last; a parent that is named twice stands where it is named first. */
const lineageOf = (file: Files[number], files: Files, below: readonly string[]): readonly Parsed[] => {
  const parsed = parse(file);
  const parents = (parsed.policy.extends ?? []).flatMap((name, index) => {
    const parent = findFile(name, files);
    const at = ['extends', index];
    if (parent === null) {
      const near = nearestName(
        name,
        files.slice(1).map((other) => bareName(other.path)),
      );
      throw new PolicyProblem([
        parsed.source.problem(
          at,
          `unknown parent "${name}"${near === null ? ': no such shipped policy or file' : `. Did you mean ${near}?`}`,
        ),
      ]);
    }
    if (parent.path === file.path || below.includes(parent.path) || below.length >= deepestLineage)
      throw new PolicyProblem([
        parsed.source.problem(at, `"${name}" extends this policy itself, by way of its parents`),
      ]);
    return lineageOf(parent, files, [...below, file.path]);
  });
  const distinct = parents.filter(
    (parent, index) => parents.findIndex((other) => other.source.path === parent.source.path) === index,
  );
  return [...distinct, parsed];
};

const parse = (file: Files[number]): Parsed => {
  const result = parsePolicy(file.text, file.path);
  if (result.kind === 'refused') throw new PolicyProblem(result.problems);
  return result;
};

const findFile = (name: string, files: Files): Files[number] | null =>
  files.find((file) => file.path === name || bareName(file.path) === bareName(name)) ?? null;

const bareName = (path: string): string => (path.split('/').at(-1) ?? path).replace(/\.ya?ml$/, '');

const mergedProblems = (merged: MergedPolicy, child: Parsed): Problem[] => {
  const { source, policy } = child;
  const mode = rolloutOf(merged.file).mode;
  return [
    ...nightProblems(merged, child),
    ...budgetProblems(merged, child),
    ...(policy.rules ?? []).flatMap((rule, index) => {
      const entry = merged.rules.find((other) => other.entry.id === rule.id)?.entry;
      const at = ['rules', index];
      const own = rule.rollout?.mode;
      if (own !== undefined && isLooser(own, mode))
        return [
          source.problem(
            [...at, 'rollout', 'mode'],
            `a rule may be stricter than its policy, never looser: the policy is in ${mode}, got ${own}`,
          ),
        ];
      if (entry?.when !== undefined || entry?.detect !== undefined) return [];
      const near = nearestName(
        rule.id,
        merged.rules.flatMap((other) => (other.entry.id === rule.id ? [] : [other.entry.id])),
      );
      const hint = near === null ? '' : `. Did you mean ${near}?`;
      return [
        source.problem([...at, 'id'], `rule "${rule.id}" has no condition, and no parent has a rule of that id${hint}`),
      ];
    }),
  ];
};

/** What a child left out and no parent says. */
const budgetProblems = (merged: MergedPolicy, { source, policy }: Parsed): Problem[] =>
  (policy.budgets ?? []).flatMap(({ id }, index) => {
    const whole = merged.file.budgets?.find((budget) => budget.id === id);
    const problem = (what: string): Problem[] => [
      source.problem(['budgets', index], `budget "${id}" needs ${what}, and no parent says it`),
    ];
    if (whole?.usd === undefined && whole?.tokens === undefined) return problem('"usd" or "tokens"');
    return whole.scope === 'fleet' && whole.window === undefined ? problem('a "window"') : [];
  });

const nightProblems = (merged: MergedPolicy, { source, policy }: Parsed): Problem[] => {
  const nights = nightsOf(merged.file.budgets ?? []);
  const index = (policy.budgets ?? []).findLastIndex(({ window }) => typeof window === 'object');
  return nights.length < 2 || index === -1
    ? []
    : [
        source.problem(
          ['budgets', index, 'window'],
          `expected the same times of day in all budgets, got ${nights.map(sayWindow).join(' and ')}; a policy has one such window`,
        ),
      ];
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

const limitsOf = (file: PolicyFile): PolicyLimits => {
  const bytes = (text: string | undefined): number | null => (text === undefined ? null : parseSizeBytes(text));
  return {
    wallClockMs: milliseconds(file.limits?.wall_clock),
    memBytes: bytes(file.limits?.['mem.rss']),
    processes: file.limits?.['procs.count'] ?? null,
    diskWrittenBytes: bytes(file.limits?.['disk.written']),
  };
};

const restartOf = (file: PolicyFile): CompiledPolicy['restart'] => ({
  max: file.defaults?.restart?.max ?? null,
  withinMs: milliseconds(file.defaults?.restart?.within),
});
