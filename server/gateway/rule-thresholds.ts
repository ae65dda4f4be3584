import type { CompiledPolicy } from '#policy/compiled-policy';
import { conditionUnits } from '#policy/condition-reader';
import type { RuleThreshold } from '#protocol/policy-views';
import { isSignalName, type SignalVector } from '#protocol/signals';
import { type JudgedRun, jobOf } from './policy-matches.ts';

/** Every number that a rule which judges this run holds a signal against; its own limits have their value of now. */
export const thresholdsFor = (policy: CompiledPolicy, run: Omit<JudgedRun, 'runId'>): readonly RuleThreshold[] =>
  policy.rules
    .filter((rule) => rule.appliesTo(jobOf(run)))
    .flatMap((rule) => comparedIn(rule.when.text, run.signals ?? {}).map((found) => ({ rule: rule.id, ...found })));

type Compared = Omit<RuleThreshold, 'rule'>;

// What is computed on either side has no line of its own: nothing to reckon with may follow.
const comparison =
  /([a-z]\w*(?:\.\w+)+)\s*>=?\s*(?:(\d+(?:\.\d+)?)(?:\s*\*\s*([A-Za-z]+))?|(limit\.\w+))(?!\s*[*+\-/%]|[.\w])/g;
const units = new Map<string, number>(Object.entries(conditionUnits));

const comparedIn = (when: string, vector: SignalVector): readonly Compared[] =>
  [...when.matchAll(comparison)].flatMap(([, signal = '', amount, unit, limit]) => {
    const value = amount === undefined ? limitIn(vector, limit) : Number(amount) * (units.get(unit ?? '') ?? 1);
    return isSignalName(signal) && value !== null ? [{ signal, value }] : [];
  });

const limitIn = (vector: SignalVector, name: string | undefined): number | null => {
  const value = name !== undefined && isSignalName(name) ? vector[name] : undefined;
  return typeof value === 'number' ? value : null;
};
