import type { ExplainedRule } from '#protocol/policies';
import type { SignalVector } from '#protocol/signals';
import { describeNumbers } from '#protocol/timeline';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { Condition } from './condition.ts';
import { numbersOf } from './rule-view.ts';

/** Each rule with its values put in: what holds, what does not, and what there is no data for. */
export const explainRules = (policy: CompiledPolicy, vector: SignalVector): readonly ExplainedRule[] =>
  policy.rules.map(({ id, when, unless, dwellMs, ladder }) => ({
    rule: id,
    when: withValues(when, vector),
    holds: when.holds(vector, false),
    unless: unless === null ? null : withValues(unless, vector),
    heldBack: unless?.holds(vector, false) ?? false,
    dwellMs,
    numbers: describeNumbers(numbersOf([...when.reads, ...(unless?.reads ?? [])], vector)),
    ladder: ladder.map(({ verb, afterMs }) => ({ verb, afterMs })),
  }));

/** `cpu.pct[99.8] > limit.cpu_pct[60]`; `[-]` is a signal without a value, which makes its comparison false. */
const withValues = ({ text, reads }: Condition, vector: SignalVector): string => {
  const names = [...reads].sort((a, b) => b.length - a.length).map((name) => name.replaceAll('.', '\\.'));
  if (names.length === 0) return text;
  const pattern = new RegExp(`(?<![\\w.])(${names.join('|')})(?![\\w.])`, 'g');
  return text.replaceAll(pattern, (name) => {
    const value = Object.entries(vector).find(([known]) => known === name)?.[1];
    return `${name}[${value ?? '-'}]`;
  });
};
