import type { LiveRule } from '#protocol/messages';
import { guardWords, type RuleInput, type RuleView, summaryOf } from './rule-view.ts';

const shown = 5;

/** What the fleet shows of a run: what fires, what is about to, and what is only held back; the nearest first. */
export const liveRules = (views: readonly RuleView[], input: RuleInput): readonly LiveRule[] =>
  [...views]
    .sort((a, b) => distance(a, input) - distance(b, input))
    .slice(0, shown)
    .map((view) => ({
      rule: view.rule.id,
      state: view.state.kind,
      severity: view.rule.severity,
      sinceMs: view.state.kind === 'inactive' ? input.atMs : view.state.sinceMs,
      dwellMs: view.rule.dwellMs,
      summary: view.heldBack ? `${guardWords(view, input)}: ${summaryOf(view, input)}` : summaryOf(view, input),
    }));

const severityRank = { critical: 0, warn: 1, info: 2 } as const;
const heldBackRank = 1e12;

/** Firing rules by severity, then pending ones by the time they have left, then those that are held back. */
const distance = ({ rule, state }: RuleView, input: RuleInput): number => {
  if (state.kind === 'firing') return severityRank[rule.severity] - 10;
  if (state.kind === 'pending') return Math.max(0, rule.dwellMs - (input.monoMs - state.sinceMonoMs));
  return heldBackRank + severityRank[rule.severity];
};
