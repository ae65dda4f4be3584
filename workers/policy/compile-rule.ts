import { createHash } from 'node:crypto';
import type { Severity } from '#protocol/judgement';
import { findingLevels } from '#protocol/judgement';
import type { LogSignal } from '#protocol/signals';
import type { CompiledRule, CompiledStep, JobFacts } from './compiled-policy.ts';
import { type Condition, compileCondition } from './condition.ts';
import { parseDurationMs } from './duration.ts';
import { type LogMatch, logCondition, logMatchOf } from './log-match.ts';
import type { JobMatch, MergedRule } from './merge-policies.ts';
import type { PolicyFile, RuleEntry } from './policy-schema.ts';
import { compileSummary } from './summary-template.ts';

/** What a limit, a budget and a rule have in common; everything else has a default. */
export interface RuleRecipe {
  readonly id: string;
  readonly when: string | LogMatch;
  readonly summary: string;
  readonly severity: Severity;
  readonly ladder: readonly CompiledStep[];
  readonly unless?: string;
  readonly dwellMs?: number;
  readonly keepMs?: number;
  readonly warmupMs?: number;
  readonly cooldownMs?: number;
  readonly isLimit?: boolean;
  readonly graceMs?: number | null;
  readonly rollout?: CompiledRule['rollout'];
  readonly appliesTo?: CompiledRule['appliesTo'];
}

export const buildRule = (recipe: RuleRecipe): CompiledRule => {
  const logMatch = typeof recipe.when === 'string' ? null : recipe.when;
  const when = typeof recipe.when === 'string' ? mustCompile(recipe.when, 'rule') : logCondition(recipe.when);
  const unless = recipe.unless === undefined ? null : mustCompile(recipe.unless, 'rule');
  const summary = compileSummary(recipe.summary, logMatch?.signal);
  const { id, severity, ladder } = recipe;
  return {
    id,
    severity,
    ladder,
    when,
    logMatch,
    unless,
    summary,
    dwellMs: recipe.dwellMs ?? 0,
    keepMs: recipe.keepMs ?? 0,
    warmupMs: recipe.warmupMs ?? 0,
    cooldownMs: recipe.cooldownMs ?? 0,
    isLimit: recipe.isLimit ?? false,
    graceMs: recipe.graceMs ?? null,
    rollout: recipe.rollout ?? null,
    appliesTo: recipe.appliesTo ?? (() => true),
    reads: [...new Set([...when.reads, ...(unless?.reads ?? []), ...summary.reads])],
    fingerprint: fingerprintOf(`${when.text}\n${unless?.text ?? ''}`),
  };
};

/** Short, for it is told with each verdict and kept with each decision. */
const fingerprintOf = (condition: string): string => createHash('sha256').update(condition).digest('hex').slice(0, 12);

/** @param defaults those of the merged policy; a rule's own words come first. */
export const compileRule = (merged: MergedRule, defaults: PolicyFile['defaults']): CompiledRule => {
  const { entry } = merged;
  const matches = entry.match === undefined ? merged.matches : [...merged.matches, entry.match];
  const grace = entry.stop?.grace ?? defaults?.stop?.grace;
  const asked = entry.when === undefined ? entry.detect?.log_match : undefined;
  const logMatch = asked === undefined ? undefined : logMatchOf(asked);
  return buildRule({
    id: entry.id,
    when: entry.when ?? logMatch ?? detectorCondition(entry.detect),
    ...(entry.unless === undefined ? {} : { unless: entry.unless }),
    summary: entry.summary ?? entry.when ?? entry.id,
    severity: entry.severity ?? 'warn',
    ladder: ladderOf(entry.action, logMatch?.signal),
    dwellMs: milliseconds(entry.for) ?? 0,
    keepMs: milliseconds(entry.keep_for) ?? 0,
    warmupMs: milliseconds(entry.warmup) ?? milliseconds(defaults?.warmup) ?? 0,
    cooldownMs: milliseconds(entry.cooldown) ?? 0,
    graceMs: milliseconds(grace),
    rollout: rolloutOf(entry.rollout),
    appliesTo: whoFits(matches),
  });
};

const rolloutOf = (own: RuleEntry['rollout']): CompiledRule['rollout'] =>
  own === undefined
    ? null
    : {
        ...(own.mode === undefined ? {} : { mode: own.mode }),
        ...(own.percent === undefined ? {} : { percent: own.percent }),
        ...(own.salt === undefined ? {} : { salt: own.salt }),
      };

/** For durations that the schema has already accepted. */
export const milliseconds = (text: string | undefined): number | null =>
  text === undefined ? null : parseDurationMs(text);

export const ladderOf = (action: RuleEntry['action'], logSignal?: LogSignal): readonly CompiledStep[] => {
  const steps =
    typeof action === 'string'
      ? [{ do: action }]
      : Array.isArray(action)
        ? action
        : [action ?? { do: 'alert' as const }];
  return steps.map((step) => ({
    verb: step.do,
    afterMs: milliseconds('after' in step ? step.after : undefined) ?? 0,
    onlyIf: ('if' in step ? step.if : undefined) ?? null,
    message: ('message' in step ? step.message : undefined) ?? null,
    resumeAfterMs: milliseconds('resume_after' in step ? step.resume_after : undefined),
    words: 'message' in step && step.message !== undefined ? compileSummary(step.message, logSignal) : null,
    condition: 'if' in step && step.if !== undefined ? mustCompile(step.if, 'step') : null,
  }));
};

/** Conditions of parsed files were checked where they stand; one that fails here is our own mistake. */
const mustCompile = (text: string, place: 'rule' | 'step'): Condition => {
  const result = compileCondition(text, place);
  if (result.kind === 'refused') throw new TypeError(`condition ${JSON.stringify(text)}: ${result.message}`);
  return result.condition;
};

/** A detector tells what it sees as signals, so naming one is a short way to write a condition. */
const detectorCondition = (detect: RuleEntry['detect']): string => {
  const loop = detect?.tool_loop;
  const atLeast = (level: (typeof findingLevels)[number]): number => findingLevels.indexOf(level) + 1;
  const parts = [
    loop?.identical === undefined ? null : `tools.repeats >= ${loop.identical}`,
    loop?.error_streak === undefined ? null : `tools.error_streak >= ${loop.error_streak}`,
    loop === undefined ? null : `tools.loop_level >= ${atLeast(loop.level ?? 'act')}`,
    detect?.repetition === undefined ? null : `output.repeat_level >= ${atLeast(detect.repetition.level)}`,
    detect?.failing_lines === undefined ? null : `output.failing_level >= ${atLeast(detect.failing_lines.level)}`,
    detect?.output_flood === undefined ? null : `output.flood_level >= ${atLeast(detect.output_flood.level)}`,
    detect?.memory_trend === undefined ? null : `mem.trend_level >= ${atLeast(detect.memory_trend.level)}`,
    detect?.stall === undefined ? null : `stall.level >= ${atLeast(detect.stall.level)}`,
    detect?.text_loop === undefined ? null : `text.loop_level >= ${atLeast(detect.text_loop.level)}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'false' : parts.join(' || ');
};

/** Whom a rule, a limit or a budget holds. */
export const whoFits =
  (matches: readonly JobMatch[]): CompiledRule['appliesTo'] =>
  (job) =>
    matches.every((match) => fits(match, job));

const fits = (match: JobMatch, job: JobFacts): boolean =>
  (match.kind === undefined || match.kind === job.kind) &&
  (match.name === undefined || fitsName(match.name, job.name)) &&
  Object.entries(match.labels ?? {}).every(([key, value]) => job.labels[key] === value);

/** `*` stands for anything. Its parts are looked for in order, so no pattern can take long. */
const fitsName = (pattern: string, name: string): boolean => {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of rest) {
    const at = name.indexOf(part, from);
    if (at === -1 || at + part.length > name.length - last.length) return false;
    from = at + part.length;
  }
  return true;
};
