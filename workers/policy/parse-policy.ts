import { compileCondition } from './condition.ts';
import { parseDurationMs } from './duration.ts';
import { compilePattern } from './linear-pattern.ts';
import { longestWindowMs } from './log-window.ts';
import { nearestName } from './nearest-name.ts';
import { type PolicyFile, policyJsonSchema, policySchema, type RuleEntry } from './policy-schema.ts';
import type { Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import { findTemplateFlaw } from './summary-template.ts';
import { type Path, readYaml, type YamlSource } from './yaml-source.ts';

export type PolicyResult =
  | {
      readonly kind: 'parsed';
      readonly policy: PolicyFile;
      readonly source: YamlSource;
      /** What is accepted and does less than it says; `check` tells it. */
      readonly notes: readonly Problem[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Reads one policy file. Whether its parents exist and fit is `compilePolicy`'s question. */
export const parsePolicy = (text: string, path: string): PolicyResult => {
  const read = readYaml(text, path);
  if (read.kind === 'refused') return read;
  const { source } = read;
  const checked = policySchema.safeParse(source.value);
  if (!checked.success) return { kind: 'refused', problems: schemaProblems(checked.error.issues, source, jsonSchema) };
  const policy = checked.data;
  const problems = [
    ...ruleProblems(policy, source),
    ...budgetProblems(policy, source),
    ...routeProblems(policy, source),
  ];
  if (problems.length > 0) return { kind: 'refused', problems: problems.slice(0, 20) };
  return { kind: 'parsed', policy, source, notes: notesOn(policy, source) };
};

/** Each of them is held against each line. */
const mostPatterns = 20;

const ruleProblems = (policy: PolicyFile, source: YamlSource): Problem[] => {
  const seen = new Set<string>();
  const counting = (policy.rules ?? []).filter(({ detect }) => detect?.log_match !== undefined);
  return (policy.rules ?? []).flatMap((rule, index) => {
    const at = ['rules', index];
    const twice = seen.has(rule.id)
      ? [source.problem([...at, 'id'], `rule "${rule.id}" is there twice; ids are unique in a file`)]
      : [];
    seen.add(rule.id);
    const isTooMany = counting.indexOf(rule) >= mostPatterns;
    if (isTooMany)
      return [
        source.problem([...at, 'detect'], `a policy has at most ${mostPatterns} rules with log_match`, { key: true }),
      ];
    return [
      ...twice,
      ...shapeProblems(rule, { at, isChild: policy.extends !== undefined }, source),
      ...textProblems(rule, at, source),
      ...logMatchProblems(rule, { at, isChild: policy.extends !== undefined }, source),
    ];
  });
};

const shapeProblems = (rule: RuleEntry, place: { at: Path; isChild: boolean }, source: YamlSource): Problem[] => {
  const both = rule.when !== undefined && rule.detect !== undefined;
  if (both)
    return [source.problem([...place.at, 'detect'], 'expected either "when" or "detect", got both', { key: true })];
  const named = Object.keys(rule.detect ?? {}).length;
  if (rule.detect !== undefined && named !== 1)
    return [
      source.problem([...place.at, 'detect'], `expected exactly one detector in "detect", got ${named}`, { key: true }),
    ];
  if (place.isChild || rule.when !== undefined || rule.detect !== undefined) return [];
  return [source.problem(place.at, `rule "${rule.id}" needs a condition: expected "when" or "detect"`)];
};

const textProblems = (rule: RuleEntry, at: Path, source: YamlSource): Problem[] => {
  const steps = Array.isArray(rule.action) ? rule.action.map((step, index) => ({ step, path: ['action', index] })) : [];
  const single =
    typeof rule.action === 'object' && !Array.isArray(rule.action) ? [{ step: rule.action, path: ['action'] }] : [];
  const conditions = [
    { text: rule.when, path: ['when'], place: 'rule' as const },
    { text: rule.unless, path: ['unless'], place: 'rule' as const },
    ...[...steps, ...single].map(({ step, path }) => ({
      text: step.if,
      path: [...path, 'if'],
      place: 'step' as const,
    })),
  ];
  const templates = [
    { text: rule.summary, path: ['summary'] },
    ...[...steps, ...single].map(({ step, path }) => ({ text: step.message, path: [...path, 'message'] })),
  ];
  return [
    ...conditions.flatMap(({ text, path, place }) => {
      const result = text === undefined ? null : compileCondition(text, place);
      return result?.kind === 'refused'
        ? [source.problem([...at, ...path], result.message, { within: result.offset })]
        : [];
    }),
    ...templates.flatMap(({ text, path }) => {
      const flaw = text === undefined ? null : findTemplateFlaw(text);
      return flaw === null ? [] : [source.problem([...at, ...path], flaw.message, { within: flaw.offset })];
    }),
  ];
};

/** `log.count` has a meaning only beside a pattern, which the parent of a rule may have. */
const logMatchProblems = (rule: RuleEntry, place: { at: Path; isChild: boolean }, source: YamlSource): Problem[] => {
  const asked = rule.detect?.log_match;
  const at = [...place.at, 'detect', 'log_match'];
  if (asked === undefined) {
    const isNamed = /\{\{\s*log\.count\b/.test(rule.summary ?? '');
    const why = 'log.count is there only in a rule with detect: { log_match }';
    return isNamed && (!place.isChild || rule.when !== undefined || rule.detect !== undefined)
      ? [source.problem([...place.at, 'summary'], why)]
      : [];
  }
  const pattern = compilePattern(asked.pattern);
  const withinMs = asked.within === undefined ? 1 : (parseDurationMs(asked.within) ?? 0);
  return [
    ...(pattern.kind === 'compiled'
      ? []
      : [source.problem([...at, 'pattern'], pattern.message, { within: pattern.offset })]),
    ...(withinMs > 0 && withinMs <= longestWindowMs
      ? []
      : [source.problem([...at, 'within'], `expected more than 0s and at most 24h, got ${asked.within}`)]),
  ];
};

const budgetProblems = (policy: PolicyFile, source: YamlSource): Problem[] =>
  (policy.budgets ?? []).flatMap((budget, index) => {
    const { id, scope, window } = budget;
    const at = ['budgets', index];
    // A child names only what it changes: the rest comes from its parent.
    const isChild = policy.extends !== undefined;
    if (budget.usd === undefined && budget.tokens === undefined && !isChild)
      return [source.problem(at, `budget "${id}" needs an amount: expected "usd" or "tokens"`)];
    if (scope === 'fleet' && window === undefined && !isChild)
      return [
        source.problem(at, `budget "${id}" of the fleet needs a "window": hour, day, week, month or { from, to }`),
      ];
    if (scope === 'fleet' || window === undefined) return [];
    const why = `budget "${id}" is for a job as a whole; a "window" is for scope: fleet`;
    return [source.problem([...at, 'window'], why, { key: true })];
  });

const routeProblems = (policy: PolicyFile, source: YamlSource): Problem[] => {
  const channels = (policy.notify?.channels ?? []).map((channel) => channel.name);
  if (policy.extends !== undefined) return [];
  return (policy.notify?.routes ?? []).flatMap((route, index) =>
    route.to.flatMap((name, position) => {
      if (channels.includes(name)) return [];
      const near = nearestName(name, channels);
      const hint = near === null ? '' : `. Did you mean ${near}?`;
      return [source.problem(['notify', 'routes', index, 'to', position], `unknown channel "${name}"${hint}`)];
    }),
  );
};

const notesOn = (policy: PolicyFile, source: YamlSource): Problem[] => [
  ...(policy.defaults?.sample === undefined
    ? []
    : [
        source.problem(['defaults', 'sample'], 'sample is checked, but taken from the profile of the run', {
          key: true,
        }),
      ]),
  ...(policy.notify === undefined
    ? []
    : [source.problem(['notify'], 'notification routes are checked but not delivered yet', { key: true })]),
];

const jsonSchema = policyJsonSchema();
