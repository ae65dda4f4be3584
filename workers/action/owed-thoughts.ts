import type { StopCause } from '#protocol/facts';
import type { Assessment } from '#protocol/messages';
import type { ActionState } from './action-state.ts';
import type { Thought } from './action-thought.ts';

/** Whose word a stop is: a budget, another hard limit, or a rule. */
export const causeOf = (verdict: Assessment): StopCause => {
  if (verdict.rule.startsWith('budget.')) return 'budget';
  return verdict.isLimit ? 'limit' : 'policy';
};

/** After a crash: a stop under way is taken up again (ending twice is harmless); a step not yet begun is judged anew. */
export const owedBy = (state: ActionState): Thought[] =>
  [...state.runs.values()].flatMap((run): Thought[] => {
    if (run.stop !== null) return [{ kind: 'stop-overdue', runId: run.runId }];
    const why = 'FlowForge came back in between; the rule is judged anew';
    return [...run.incidents.values()]
      .filter((open) => open.owed !== null)
      .map((open) => ({ kind: 'owed-step-averted', runId: run.runId, rule: open.rule, why }));
  });
